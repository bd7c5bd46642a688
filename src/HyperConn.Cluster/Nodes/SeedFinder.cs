using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Microsoft.Extensions.Logging;

namespace HyperConn.Cluster.Nodes;

/// <summary>
/// Has a node join those that names lead to, such as that of a headless service of Kubernetes. All nodes put the addresses into the same order, so the
/// same one of them is the first seed node, which alone forms a cluster where there is none yet. Ends when the node is up.
/// </summary>
/// <remarks>
/// The first seed node forms a cluster when no other answers within <c>akka.cluster.seed-node-timeout</c>. So that it doesn't beside one that it only
/// can't see yet, it waits until names have led to the same addresses for a while, and until it can connect to enough of the others.
/// </remarks>
internal sealed class SeedFinder : ReceiveActor, IWithTimers
{
    private const string LookTimer = "look";

    private static readonly TimeSpan LookUpPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);

    // Servers of names don't learn of a new node at the same moment.
    private const int SameLooks = 3;

    // Longer than Akka's seed node process takes (akka.cluster.seed-node-timeout, 5 s): nodes may have been replaced while nobody answered.
    private static readonly TimeSpan JoinPause = TimeSpan.FromSeconds(20);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly IReadOnlyList<string> _names;
    private readonly int _nodes;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _lookUp;
    private readonly ILogger _logger;
    private readonly IPAddress _self;
    private IReadOnlyList<IPAddress> _found = [];
    private int _same;
    private string _said = "";

    public SeedFinder(IReadOnlyList<string> names, int nodes, Func<string, CancellationToken, Task<IPAddress[]>> lookUp, ILogger logger)
    {
        (_names, _nodes, _lookUp, _logger) = (names, nodes, lookUp, logger);
        _self = IPAddress.Parse(_cluster.SelfAddress.Host!);
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

    /// <summary>The addresses of a family in the order that is the same on all nodes. A node that has one of each family is one node.</summary>
    public static IReadOnlyList<IPAddress> InOrder(IEnumerable<IPAddress> addresses, AddressFamily family) =>
        [.. addresses.Where(address => address.AddressFamily == family).Distinct().OrderBy(address => Convert.ToHexString(address.GetAddressBytes()), StringComparer.Ordinal)];

    protected override void PreStart()
    {
        var self = Self;
        _cluster.RegisterOnMemberUp(() => self.Tell(PoisonPill.Instance));
        self.Tell(Look.Instance);
    }

    private void Looking()
    {
        Receive<Look>(_ => FindAsync().PipeTo(Self, failure: e => new Found([], 0, e.Message)));
        Receive<Found>(OnFound);
    }

    private void OnFound(Found found)
    {
        _same = found.Addresses.SequenceEqual(_found) ? _same + 1 : 1;
        _found = found.Addresses;
        var missing = !_found.Contains(_self) ? $"{_self}, which is this node's own address, is not among them"
            : _found.Count < _nodes ? $"{_nodes} are needed"
            : found.Reached < _nodes - 1 ? $"{found.Reached} of the others can be connected to at port {_cluster.SelfAddress.Port}, and {_nodes - 1} are needed"
            : null;
        if (missing is not null)
            Say($"{string.Join(", ", _names)} lead to {(_found.Count == 0 ? "no address" : string.Join(", ", _found))}; {missing}. {found.Fault}".TrimEnd());
        var joins = missing is null && _same >= SameLooks;
        if (joins)
            _cluster.JoinSeedNodes(_found.Select(address => _cluster.SelfAddress.WithHost(HostOf(address))));
        Timers.StartSingleTimer(LookTimer, Look.Instance, joins ? JoinPause : LookPause);
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
        var addresses = InOrder(found.SelectMany(of => of), _self.AddressFamily);
        var reached = await Task.WhenAll(addresses.Where(address => !address.Equals(_self)).Select(address => IsReachedAsync(address, limit.Token)))
            .ConfigureAwait(false);
        return new Found(addresses, reached.Count(isReached => isReached), "");
    }

    private async Task<bool> IsReachedAsync(IPAddress address, CancellationToken limit)
    {
        using var socket = new TcpClient(address.AddressFamily);
        try
        {
            await socket.ConnectAsync(address, _cluster.SelfAddress.Port!.Value, limit).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    // As Akka.Remote writes it.
    private static string HostOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

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

    /// <param name="Addresses">All of them.</param>
    /// <param name="Reached">How many of the others can be connected to.</param>
    /// <param name="Fault">What was wrong.</param>
    private sealed record Found(IReadOnlyList<IPAddress> Addresses, int Reached, string Fault);

    private sealed class Look
    {
        public static readonly Look Instance = new();
    }
}
