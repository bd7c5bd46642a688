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
    private readonly string? _role;
    private readonly HashSet<Address> _others = [];
    private readonly Dictionary<string, string> _heard = new(StringComparer.Ordinal);
    private Dictionary<string, string> _read = new(StringComparer.Ordinal);

    public SecretHerald(PoolRuntime runtime, string? role)
    {
        _runtime = runtime;
        _role = role;
        Listening();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of the herald.</summary>
    /// <param name="runtime">The pools.</param>
    /// <param name="role">Members with this role are told; null: all.</param>
    public static Props CreateProps(PoolRuntime runtime, string? role) => Props.Create(() => new SecretHerald(runtime, role));

    protected override void PreStart() =>
        _cluster.Subscribe(Self, SubscriptionInitialStateMode.InitialStateAsEvents, typeof(IMemberEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Listening()
    {
        Receive<MemberRemoved>(removed => _others.Remove(removed.Member.Address));
        Receive<IMemberEvent>(OnMember);
        Receive<VersionRead>(OnRead);
        Receive<Tell>(_ => TellOthers());
        Receive<SecretVersionsSeen>(OnHeard);
    }

    private void OnMember(IMemberEvent member)
    {
        if (!member.Member.UniqueAddress.Equals(_cluster.SelfUniqueAddress) && (_role is null || member.Member.HasRole(_role)))
            _others.Add(member.Member.Address);
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
        foreach (var other in _others)
            Context.ActorSelection(new RootActorPath(other) / "user" / Name).Tell(message);
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
