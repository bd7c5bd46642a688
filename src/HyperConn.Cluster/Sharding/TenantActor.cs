using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Cluster.Sharding;
using HyperConn.Cluster.Sharding.Messages;

namespace HyperConn.Cluster.Sharding;

/// <summary>
/// Handles one tenant's events on the node that has the tenant, in the order in which they come. When the tenant moves, what has begun is ended first
/// and the rest is sent again by those who sent it.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Without a timer it has nothing to dispose of, and attempts may look at its token after the end.")]
internal sealed class TenantActor : ReceiveActor, IWithTimers
{
    private const string IdleTimer = "idle";
    private const string SayTimer = "say";

    // A tenant that waits for this many is behind by more than a sender waits. What comes then is not answered, and sent again at the usual pace.
    private const int MaxWaiting = 10_000;

    private readonly TenantKey _tenant;
    private readonly ShardHandling _handling;
    private readonly TenantShardingOptions _options;
    private readonly CancellationTokenSource _abort = new();
    private readonly AnswerMemory _answers = new();
    private readonly Queue<(AttemptKey Attempt, SendEvent Event)> _waiting = new();
    private readonly HashSet<AttemptKey> _known = [];
    private readonly HashSet<AttemptKey> _underWay = [];
    private bool _isMoving;

    public TenantActor(TenantKey tenant, ShardHandling handling, TenantShardingOptions options)
    {
        (_tenant, _handling, _options) = (tenant, handling, options);
        Working();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of a tenant's actor.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="handling">Makes the attempts.</param>
    /// <param name="options">The settings.</param>
    public static Props CreateProps(TenantKey tenant, ShardHandling handling, TenantShardingOptions options) =>
        Props.Create(() => new TenantActor(tenant, handling, options));

    protected override void PreStart() => RestIfIdle();

    // Stopped by force after the longest hand-off: what still runs is rolled back, and sent again since nobody answers.
    protected override void PostStop() => _ = _abort.CancelAsync();

    private void Working()
    {
        Receive<SendEvent>(OnSent);
        Receive<AttemptEnded>(OnEnded);
        Receive<Say>(_ => SayWhatIsUnderWay());
        Receive<Rest>(_ => OnIdle());
        Receive<StopTenant>(OnStop);
    }

    /// <summary>Nothing more is begun.</summary>
    private void Ending()
    {
        Receive<SendEvent>(OnSentTooLate);
        Receive<AttemptEnded>(OnLastEnded);
        Receive<Say>(_ => SayWhatIsUnderWay());
        Receive<StopTenant>(stop => _isMoving |= stop.IsMoving);
        Receive<Rest>(_ => { });
    }

    private void OnSent(SendEvent sent)
    {
        var attempt = new AttemptKey(Sender, sent.Number);
        if (TryAnswerAgain(attempt))
            return;
        if (_waiting.Count >= MaxWaiting)
            return;
        _known.Add(attempt);
        _waiting.Enqueue((attempt, sent));
        Timers.Cancel(IdleTimer);
        BeginWhatMay();
    }

    private void OnSentTooLate(SendEvent sent)
    {
        if (!TryAnswerAgain(new AttemptKey(Sender, sent.Number)))
            Sender.Tell(new EventNotBegun(sent.Number));
    }

    private bool TryAnswerAgain(AttemptKey attempt)
    {
        if (_answers.Find(attempt) is { } answer)
            attempt.Sender.Tell(answer);
        else if (_known.Contains(attempt))
            attempt.Sender.Tell(new EventUnderWay(attempt.Number));
        else
            return false;
        return true;
    }

    private void BeginWhatMay()
    {
        while (_underWay.Count < _options.MaxConcurrentPerTenant && _waiting.TryDequeue(out var next))
        {
            var attempt = next.Attempt;
            if (_underWay.Count == 0)
                Timers.StartPeriodicTimer(SayTimer, Say.Instance, _options.AnswerTimeout / (ShardSender.SendsPerTimeout * 2));
            _underWay.Add(attempt);
            _handling.HandleAsync(next.Event, _abort.Token).PipeTo(Self, success: answer => new AttemptEnded(attempt, answer));
        }
    }

    private void OnEnded(AttemptEnded ended)
    {
        Answer(ended);
        BeginWhatMay();
        RestIfIdle();
    }

    private void OnLastEnded(AttemptEnded ended)
    {
        Answer(ended);
        if (_underWay.Count == 0)
            Stop();
    }

    private void Answer(AttemptEnded ended)
    {
        _underWay.Remove(ended.Attempt);
        _known.Remove(ended.Attempt);
        if (_underWay.Count == 0)
            Timers.Cancel(SayTimer);

        // What was not begun may well be begun the next time.
        if (ended.Answer is not EventNotBegun)
            _answers.Keep(ended.Attempt, ended.Answer);
        ended.Attempt.Sender.Tell(ended.Answer);
    }

    // Unasked: while the tenant moves, its senders' questions don't come here any more, and where nothing is heard a node counts as lost.
    private void SayWhatIsUnderWay()
    {
        foreach (var attempt in _underWay)
            attempt.Sender.Tell(new EventUnderWay(attempt.Number));
    }

    private void RestIfIdle()
    {
        if (_known.Count == 0)
            Timers.StartSingleTimer(IdleTimer, Rest.Instance, _options.IdleTimeout);
    }

    // The shard keeps what comes meanwhile, and starts the tenant again for it.
    private void OnIdle()
    {
        if (_known.Count == 0)
            Context.Parent.Tell(new Passivate(StopTenant.Idle));
    }

    private void OnStop(StopTenant stop)
    {
        _isMoving = stop.IsMoving;
        while (_waiting.TryDequeue(out var next))
        {
            _known.Remove(next.Attempt);
            next.Attempt.Sender.Tell(new EventNotBegun(next.Attempt.Number));
        }

        if (_underWay.Count == 0)
            Stop();
        else
            Become(Ending);
    }

    private void Stop()
    {
        // After the last attempt: until then it notes the tenant.
        if (_isMoving)
            _handling.Forget(_tenant);
        Context.Stop(Self);
    }

    private sealed record AttemptEnded(AttemptKey Attempt, IShardAnswer Answer) : INoSerializationVerificationNeeded;

    private sealed class Say
    {
        public static readonly Say Instance = new();
    }

    private sealed class Rest
    {
        public static readonly Rest Instance = new();
    }
}
