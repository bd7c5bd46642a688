using Akka.Actor;
using HyperConn.Servers;

namespace HyperConn.Pools;

/// <content>Servers and their budgets.</content>
internal sealed partial class PoolSupervisorActor
{
    private void OnLocateServers(LocateServers locate) => AnswerLocate(Sender, locate);

    private void AnswerLocate(IActorRef asker, LocateServers locate)
    {
        if (IsBarred(asker, locate))
            return;
        var servers = new ServerState[locate.Endpoints.Count];
        for (var i = 0; i < servers.Length; i++)
        {
            var endpoint = locate.Endpoints[i];
            if (!_runtime.Servers.TryGetValue(endpoint, out var server))
            {
                server = new ServerState(endpoint, _runtime.Time);
                StartBudget(server);
                _runtime.Servers[endpoint] = server;
            }

            servers[i] = server;
        }

        asker.Tell(new ServersLocated(servers));
    }

    private static bool IsChild(IActorRef actor) => !actor.IsNobody() && Context.Child(actor.Path.Name).Equals(actor);

    private void StartBudget(ServerState server)
    {
        server.Budget = Context.ActorOf(server.BudgetProps ??= _parts.Budget(_runtime, server));
        Context.WatchWith(server.Budget, new BudgetStopped(server));
        _budgets.Add(server.Budget);
    }

    private void OnBudgetStopped(BudgetStopped stopped)
    {
        _budgets.Remove(stopped.Server.Budget);
        StartBudget(stopped.Server);
    }

    /// <summary>Permits for connections that have been idle too long go back to the budgets.</summary>
    private void OnTrim()
    {
        var before = _runtime.Clock.Milliseconds - (long)Options.Connections.IdleLifetime.TotalMilliseconds;
        var keep = Math.Max(Options.Servers.KeepIdlePerTenant, Options.Servers.FloorPerTenant);
        foreach (var entry in _entries.Values)
        {
            if (entry.Handle.Current is { } pool && pool.LastUsed <= before && pool.Word.Permits > keep)
                pool.Shares[0].Reclaim(keep);
        }
    }

    private sealed record BudgetStopped(ServerState Server) : INoSerializationVerificationNeeded;
}
