using Akka.Actor;

namespace HyperConn.Pools;

/// <summary>
/// Looks now and then at every pool: for leases held too long, which it reports once, for pools idle so long that their connections need
/// proof, and for how busy all of them are.
/// </summary>
internal sealed class LeaseWatch : ReceiveActor, IWithTimers
{
    private const string LookTimer = "look";

    private const string ProofTimer = "proof";

    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ProofInterval = TimeSpan.FromMilliseconds(500);

    private readonly PoolRuntime _runtime;
    private readonly TimeSpan _threshold;

    public LeaseWatch(PoolRuntime runtime)
    {
        _runtime = runtime;
        _threshold = runtime.Options.Diagnostics.LeakThreshold;
        Receive<Look>(OnLook);
        Receive<LookForIdle>(OnLookForIdle);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props CreateProps(PoolRuntime runtime) => Props.Create(() => new LeaseWatch(runtime));

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(ProofTimer, LookForIdle.Instance, ProofInterval);
        if (_threshold > TimeSpan.Zero)
            Timers.StartPeriodicTimer(LookTimer, Look.Instance, _threshold / 4 > MinInterval ? _threshold / 4 : MinInterval);
    }

    protected override void PostStop() => _runtime.Clock.Stop();

    private void OnLook(Look _)
    {
        foreach (var pool in _runtime.Generations)
        {
            if (pool.Ages.FindOld(_threshold) is not { } found)
                continue;
            PoolLog.LeaseHeldLong(_runtime.Logger, pool.Tenant, pool.ServerName, found.Leases, found.Age);
            if (_runtime.Opening.Stacks?.OldestOf(pool.Tenant) is { } stack)
                PoolLog.LeaseStack(_runtime.Logger, pool.Tenant, stack);
            _runtime.Supervisor.Tell(new LeaseFoundOld(pool.Tenant));
        }
    }

    private void OnLookForIdle(LookForIdle _)
    {
        _runtime.Leases.NpgsqlLoggers.RefreshLevels();
        _runtime.Leases.Types?.TidyNowAndThen();
        var leases = 0L;
        var now = _runtime.Clock.Milliseconds;
        foreach (var pool in _runtime.Generations)
        {
            pool.Look(now);
            leases += pool.Word.Accesses;
        }

        foreach (var (_, server) in _runtime.Servers)
            server.Health.DoubtIfSilent(now);
        _runtime.Clock.Adapt(leases);
    }

    private sealed record LookForIdle
    {
        public static readonly LookForIdle Instance = new();
    }

    private sealed record Look
    {
        public static readonly Look Instance = new();
    }
}
