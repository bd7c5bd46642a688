using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Microsoft.Extensions.Logging;

namespace HyperConn.Cluster.Nodes;

/// <summary>
/// Has a node join those that names lead to, such as that of a headless service of Kubernetes. All nodes put the addresses into the same order, so the
/// same one of them is the first seed node, which alone forms a cluster where there is none yet. Ends when the node is up.
/// </summary>
internal sealed class SeedFinder : ReceiveActor, IWithTimers
{
    private const string LookTimer = "look";

    private static readonly TimeSpan LookUpPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);

    // Longer than Akka's seed node process takes (akka.cluster.seed-node-timeout, 5 s): nodes may have been replaced while nobody answered.
    private static readonly TimeSpan JoinPause = TimeSpan.FromSeconds(20);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly IReadOnlyList<string> _names;
    private readonly int _nodes;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _lookUp;
    private readonly ILogger _logger;
    private string _said = "";

    public SeedFinder(IReadOnlyList<string> names, int nodes, Func<string, CancellationToken, Task<IPAddress[]>> lookUp, ILogger logger)
    {
        (_names, _nodes, _lookUp, _logger) = (names, nodes, lookUp, logger);
        Looking();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of it.</summary>
    /// <param name="names">The names.</param>
    /// <param name="nodes">Addresses that must be found before the first node forms a cluster.</param>
    /// <param name="lookUp">Looks a name up, such as <see cref="Dns.GetHostAddressesAsync(string, CancellationToken)"/>.</param>
    /// <param name="logger">Where it says what it waits for.</param>
    public static Props CreateProps(
        IReadOnlyList<string> names, int nodes, Func<string, CancellationToken, Task<IPAddress[]>> lookUp, ILogger logger) =>
        Props.Create(() => new SeedFinder(names, nodes, lookUp, logger));

    /// <summary>The addresses in the order that is the same on all nodes.</summary>
    public static IReadOnlyList<IPAddress> InOrder(IEnumerable<IPAddress> addresses) =>
        [.. addresses.Distinct().OrderBy(address => Convert.ToHexString(address.MapToIPv6().GetAddressBytes()), StringComparer.Ordinal)];

    protected override void PreStart()
    {
        var self = Self;
        _cluster.RegisterOnMemberUp(() => self.Tell(PoisonPill.Instance));
        self.Tell(Look.Instance);
    }

    private void Looking()
    {
        Receive<Look>(_ => FindAsync().PipeTo(Self, failure: e => new Found([], e.Message)));
        Receive<Found>(OnFound);
    }

    private void OnFound(Found found)
    {
        var self = IPAddress.Parse(_cluster.SelfAddress.Host!);
        var missing = !found.Addresses.Contains(self) ? $"{self}, which is this node's own address, is not among them"
            : found.Addresses.Count < _nodes ? $"{_nodes} are needed"
            : null;
        if (missing is null)
            _cluster.JoinSeedNodes(found.Addresses.Select(address => _cluster.SelfAddress.WithHost(address.ToString())));
        else
            Say($"{string.Join(", ", _names)} lead to {(found.Addresses.Count == 0 ? "no address" : string.Join(", ", found.Addresses))}; {missing}. {found.Fault}");
        Timers.StartSingleTimer(LookTimer, Look.Instance, missing is null ? JoinPause : LookPause);
    }

    private void Say(string missing)
    {
        if (missing != _said)
            ClusterLog.NodesMissing(_logger, missing);
        _said = missing;
    }

    private async Task<Found> FindAsync()
    {
        using var limit = new CancellationTokenSource(LookUpPatience);
        var found = await Task.WhenAll(_names.Select(name => AddressesAsync(name, limit.Token))).ConfigureAwait(false);
        return new Found(InOrder(found.SelectMany(addresses => addresses)), "");
    }

    private async Task<IPAddress[]> AddressesAsync(string name, CancellationToken limit)
    {
        try
        {
            return await _lookUp(name, limit).ConfigureAwait(false);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            // No node of that name is there yet.
            return [];
        }
    }

    private sealed record Found(IReadOnlyList<IPAddress> Addresses, string Fault);

    private sealed class Look
    {
        public static readonly Look Instance = new();
    }
}
