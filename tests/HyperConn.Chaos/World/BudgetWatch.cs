using System.Collections.Concurrent;
using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.World;

/// <summary>Counts the manager's sessions at each of its endpoints all the time.</summary>
internal sealed class BudgetWatch : IAsyncDisposable
{
    private readonly ConcurrentDictionary<ServerEndpoint, int> _sessions = new();
    private readonly List<ServerWatch> _watches = [];
    private readonly Budgets _budgets;
    private readonly Action<BudgetSample> _saw;

    /// <param name="servers">The servers of the run.</param>
    /// <param name="budgets">The limits in force.</param>
    /// <param name="saw">Told each sample.</param>
    /// <param name="blind">Told the endpoints that can't be looked at.</param>
    public BudgetWatch(ChaosServers servers, Budgets budgets, Action<BudgetSample> saw, Action<string> blind)
    {
        (_budgets, _saw) = (budgets, saw);
        _watches.Add(new ServerWatch(
            servers.First.Admin(),
            ports =>
            {
                // Whose client has closed is not the manager's any more, however long the server takes to notice.
                var live = servers.Way.LivePorts();
                Tell(servers.Way.Endpoint, ports.Count(live.Contains));
                Tell(servers.PoolerWay.Endpoint, servers.PoolerWay.Clients);
            },
            () => blind($"{servers.Way.Endpoint}")));
        foreach (var node in new[] { servers.Second.Primary, servers.Second.Standby })
        {
            var endpoint = new ServerEndpoint("127.0.0.1", node.Port);
            _watches.Add(new ServerWatch(node.Admin(), ports => Tell(endpoint, ports.Count), () => blind($"{endpoint}")));
        }
    }

    /// <summary>Sessions at the last look, by endpoint.</summary>
    public IReadOnlyDictionary<ServerEndpoint, int> Sessions => _sessions;

    public async ValueTask DisposeAsync()
    {
        foreach (var watch in _watches)
            await watch.DisposeAsync();
    }

    private void Tell(ServerEndpoint endpoint, int sessions)
    {
        _sessions[endpoint] = sessions;
        _saw(new BudgetSample($"{endpoint}", RunClock.Now, sessions, _budgets.Of(endpoint)));
    }
}
