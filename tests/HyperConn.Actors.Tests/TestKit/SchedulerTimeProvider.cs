using Akka.Actor;
using Akka.TestKit;

namespace HyperConn.Tests;

/// <summary>The clock of a <see cref="TestScheduler"/>, for code that takes a <see cref="TimeProvider"/>: time moves when the test advances it.</summary>
internal sealed class SchedulerTimeProvider(TestScheduler scheduler) : TimeProvider
{
    /// <summary>Configuration of an actor system whose time the test moves.</summary>
    public const string Config = """akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit" """;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public static SchedulerTimeProvider Of(ActorSystem system) => new((TestScheduler)system.Scheduler);

    /// <summary>How far the clock on the wall is off: somebody set it, and time itself goes on as before.</summary>
    public TimeSpan WallClockStep { get; set; }

    public override DateTimeOffset GetUtcNow() => scheduler.Now.ToUniversalTime() + WallClockStep;

    public override long GetTimestamp() => scheduler.Now.UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SchedulerTimer(scheduler, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class SchedulerTimer(TestScheduler scheduler, Action callback) : ITimer
    {
        private readonly Lock _gate = new();
        private Cancelable? _scheduled;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_gate)
            {
                if (_disposed)
                    return false;
                _scheduled?.Cancel();
                _scheduled = null;
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                _scheduled = new Cancelable((IActionScheduler)scheduler);
                if (period > TimeSpan.Zero)
                    scheduler.Advanced.ScheduleRepeatedly(dueTime, period, callback, _scheduled);
                else
                    scheduler.Advanced.ScheduleOnce(dueTime, callback, _scheduled);
                return true;
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _disposed = true;
                _scheduled?.Cancel();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
