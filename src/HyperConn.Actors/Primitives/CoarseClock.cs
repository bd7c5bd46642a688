using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace HyperConn.Primitives;

/// <summary>
/// Milliseconds for "last used". The system's tick costs a quarter of a high-resolution timestamp, and still as much as a lock-free
/// instruction; its resolution (1–16 ms) is far below any idle time that matters. While there are many leases a second, a timer reads it for all.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The timer ends with Stop; a clock that was stopped may be started again.")]
internal sealed class CoarseClock(TimeProvider time)
{
    /// <summary>How often the timer reads the tick: about the resolution of the tick itself.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

    /// <summary>Leases between two calls of <see cref="Adapt"/> from which the timer is worth its while: it costs some microseconds.</summary>
    public const long Busy = 2_000;

    private readonly TimeProvider? _virtual = ReferenceEquals(time, TimeProvider.System) ? null : time;
    private readonly Lock _gate = new();
    private Timer? _timer;
    private long _leases;

    // 0: the timer does not run.
    private long _read;

    public long Milliseconds => _virtual is null ? Environment.TickCount64 : MonotonicClock.NowOf(_virtual).Ticks / TimeSpan.TicksPerMillisecond;

    /// <summary>For the hot path: <see cref="Milliseconds"/> now or, while the timer runs, when it last read them.</summary>
    public long Recent
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            var read = Volatile.Read(ref _read);
            return read != 0 ? read : Milliseconds;
        }
    }

    /// <summary>Whether the timer runs.</summary>
    public bool Ticks => Volatile.Read(ref _read) != 0;

    /// <summary>Wall-clock time of a value of <see cref="Milliseconds"/>, for people.</summary>
    public DateTimeOffset ToWallClock(long milliseconds) => time.GetUtcNow().AddMilliseconds(milliseconds - Milliseconds);

    /// <summary>Has the timer run while there are many leases a second, and stand still otherwise: an idle process is not woken for nothing.</summary>
    /// <param name="leases">Leases begun until now; only how it changes from call to call matters.</param>
    public void Adapt(long leases)
    {
        lock (_gate)
        {
            var busy = Math.Abs(leases - _leases) >= Busy;
            _leases = leases;
            if (busy && _virtual is null)
                Start();
            else
                Halt();
        }
    }

    /// <summary>Ends the timer.</summary>
    public void Stop()
    {
        lock (_gate)
            Halt();
    }

    private void Start()
    {
        if (_timer is not null)
            return;
        Volatile.Write(ref _read, Environment.TickCount64);
        using (ExecutionContext.SuppressFlow())
            _timer = new Timer(static clock => ((CoarseClock)clock!).Tick(), this, Period, Period);
    }

    private void Halt()
    {
        if (_timer is null)
            return;
        _timer.Dispose();
        _timer = null;
        Volatile.Write(ref _read, 0);
    }

    private void Tick()
    {
        lock (_gate)
        {
            // A last tick may come after the end; the time it read would stand for ever.
            if (_timer is not null)
                Volatile.Write(ref _read, Environment.TickCount64);
        }
    }
}
