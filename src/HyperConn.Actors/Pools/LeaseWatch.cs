using System.Globalization;
using Akka.Actor;

namespace HyperConn;

/// <summary>Looks now and then for leases that are held too long, and reports each once.</summary>
internal sealed class LeaseWatch : ReceiveActor, IWithTimers
{
    private const string LookTimer = "look";

    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(250);

    private readonly PoolRuntime _runtime;
    private readonly TimeSpan _threshold;

    public LeaseWatch(PoolRuntime runtime)
    {
        _runtime = runtime;
        _threshold = runtime.Options.Diagnostics.LeakThreshold;
        Receive<Look>(OnLook);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props CreateProps(PoolRuntime runtime) => Props.Create(() => new LeaseWatch(runtime));

    protected override void PreStart()
    {
        if (_threshold > TimeSpan.Zero)
            Timers.StartPeriodicTimer(LookTimer, Look.Instance, _threshold / 4 > LeastInterval ? _threshold / 4 : LeastInterval);
    }

    private void OnLook(Look _)
    {
        foreach (var pool in _runtime.Generations.Keys)
        {
            if (pool.FindOldLeases(_threshold) is not { } found)
                continue;
            PoolLog.LeaseHeldLong(_runtime.Logger, pool.Tenant, found.Leases, found.Age);
            if (_runtime.Stacks?.OldestOf(pool.Tenant) is { } stack)
                PoolLog.LeaseStack(_runtime.Logger, pool.Tenant, stack);
            _runtime.Events?.Record(
                OperatorEventKind.LeaseHeldLong,
                string.Create(CultureInfo.InvariantCulture, $"{found.Leases} leases held for more than {found.Age.TotalSeconds:0} s; the pool is not evicted meanwhile."),
                pool.Tenant,
                pool.ServerName);
        }
    }

    private sealed record Look
    {
        public static readonly Look Instance = new();
    }
}
