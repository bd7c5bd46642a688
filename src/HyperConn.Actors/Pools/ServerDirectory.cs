using Akka.Actor;
using HyperConn.Servers;

namespace HyperConn.Pools;

/// <summary>
/// The servers in use and their budgets, which are the supervisor's children. Pools that are being made ask for servers here, and wait while
/// an operator has paused one. Used by the supervisor only.
/// </summary>
/// <remarks>A pool whose servers are all known, and not restricted, finds them in <see cref="PoolRuntime.Servers"/> without asking.</remarks>
internal sealed class ServerDirectory(PoolRuntime runtime, Func<PoolRuntime, ServerState, Props> budget, IActorContext context)
{
    private readonly HashSet<IActorRef> _budgets = [];
    private readonly Dictionary<IActorRef, LocateServers> _paused = [];

    public IReadOnlySet<IActorRef> Budgets => _budgets;

    /// <summary>Pools that wait because an operator paused one of their servers.</summary>
    public int Paused => _paused.Count;

    /// <summary>Takes over the budgets that outlived a restart of the supervisor, and with them the permits of leases that are open.</summary>
    public void Start()
    {
        foreach (var (_, server) in runtime.Servers)
        {
            if (!server.Budget.IsNobody() && context.Child(server.Budget.Path.Name).Equals(server.Budget))
                _budgets.Add(server.Budget);
            else
                StartBudget(server);
        }
    }

    public void OnLocate(IActorRef pool, LocateServers locate)
    {
        OperatorRestriction? worst = null;
        foreach (var endpoint in locate.Endpoints)
        {
            if (runtime.Restrictions.OfServer(endpoint) is { } found && (worst is null || found.Kind > worst.Kind))
                worst = found;
        }

        if (worst is { Kind: RestrictionKind.Banned })
            pool.Tell(new ServersBanned(worst));
        else if (worst is not null)
            _paused[pool] = locate;
        else
            pool.Tell(new ServersLocated([.. locate.Endpoints.Select(Find)]));
    }

    /// <summary>Answers the pools that wait for a server, as far as the restrictions let them.</summary>
    /// <returns>Pools that go on.</returns>
    public int AnswerPaused()
    {
        var paused = _paused.ToArray();
        _paused.Clear();
        foreach (var (pool, locate) in paused)
            OnLocate(pool, locate);
        return paused.Length - _paused.Count;
    }

    public void Forget(IActorRef pool) => _paused.Remove(pool);

    public void ForgetAll() => _paused.Clear();

    public void OnBudgetStopped(BudgetStopped stopped)
    {
        _budgets.Remove(stopped.Server.Budget);
        StartBudget(stopped.Server);
    }

    private ServerState Find(ServerEndpoint endpoint)
    {
        if (runtime.Servers.TryGetValue(endpoint, out var server))
            return server;
        server = new ServerState(endpoint, runtime.Time);
        server.Share = runtime.ShareKeeper?.Begin(server);
        StartBudget(server);
        return runtime.Servers[endpoint] = server;
    }

    private void StartBudget(ServerState server)
    {
        server.Budget = context.ActorOf(server.BudgetProps ??= budget(runtime, server));
        context.WatchWith(server.Budget, new BudgetStopped(server));
        _budgets.Add(server.Budget);
    }
}

/// <summary>The supervisor's watch on a budget.</summary>
internal sealed record BudgetStopped(ServerState Server) : INoSerializationVerificationNeeded;
