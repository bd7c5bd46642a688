using Akka.Actor;
using HyperConn.Pools;
using HyperConn.Secrets;
using static Akka.Cluster.ClusterEvent;

namespace HyperConn.Cluster.Nodes;

/// <summary>
/// Tells the other nodes which version of a secret this one has read, and has this one's fetcher read what others found. Version ids travel, never
/// secrets.
/// </summary>
internal sealed class SecretHerald : ReceiveActor, IWithTimers
{
    public const string Name = "hyperconn-secrets";

    private const string TellTimer = "tell";

    // As many as Secrets Manager gives in one call (API reference, BatchGetSecretValue).
    private const int MostTold = 20;

    // Each organisation's newest version, so that what was heard is not told on. Nodes know as many; beyond that some are told twice.
    private const int MaxRemembered = 50_000;

    // Where many change together, each of the others reads them in full batches. Whoever needs one sooner finds that by itself.
    private static readonly TimeSpan TellDelay = TimeSpan.FromSeconds(2);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly PoolRuntime _runtime;
    private readonly ClusterRoster _roster;
    private readonly Dictionary<string, string> _heard = new(StringComparer.Ordinal);
    private Dictionary<string, string> _read = new(StringComparer.Ordinal);

    public SecretHerald(PoolRuntime runtime, string? role)
    {
        _runtime = runtime;
        _roster = new ClusterRoster(_cluster.SelfUniqueAddress, role);
        Listening();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of the herald.</summary>
    /// <param name="runtime">The pools.</param>
    /// <param name="role">Members with this role are told; null: all.</param>
    public static Props CreateProps(PoolRuntime runtime, string? role) => Props.Create(() => new SecretHerald(runtime, role));

    protected override void PreStart() =>
        _cluster.Subscribe(Self, SubscriptionInitialStateMode.InitialStateAsSnapshot, ClusterRoster.Events);

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Listening()
    {
        Receive<CurrentClusterState>(_roster.Set);
        Receive<IClusterDomainEvent>(_ => _cluster.SendCurrentClusterState(Self));
        Receive<VersionRead>(OnRead);
        Receive<Tell>(_ => TellOthers());
        Receive<SecretVersionsSeen>(OnHeard);
    }

    private void OnRead(VersionRead read)
    {
        if (_heard.TryGetValue(read.Org, out var heard) && heard == read.VersionId)
            return;
        _read[read.Org] = read.VersionId;
        if (_read.Count >= MostTold)
            TellOthers();
        else if (!Timers.IsTimerActive(TellTimer))
            Timers.StartSingleTimer(TellTimer, Tell.Instance, TellDelay);
    }

    private void TellOthers()
    {
        Timers.Cancel(TellTimer);
        var message = new SecretVersionsSeen(_read);
        _read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var other in _roster.Members.Where(member => !member.UniqueAddress.Equals(_cluster.SelfUniqueAddress)))
            Context.ActorSelection(new RootActorPath(other.Address) / "user" / Name).Tell(message);
    }

    private void OnHeard(SecretVersionsSeen seen)
    {
        if (_heard.Count >= MaxRemembered)
            _heard.Clear();
        foreach (var (org, version) in seen.Versions)
            _heard[org] = version;
        _runtime.Supervisor.Tell(
            new SecretVersionsHeard([.. seen.Versions.Select(version => new HeardVersion(version.Key, version.Value))]), ActorRefs.NoSender);
    }

    /// <summary>This node's fetcher has read another version than before.</summary>
    internal sealed record VersionRead(string Org, string VersionId);

    private sealed class Tell
    {
        public static readonly Tell Instance = new();
    }
}
