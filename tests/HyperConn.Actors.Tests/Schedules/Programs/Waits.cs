using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules.Programs;

/// <summary>Looks whether it is ready, then says that it waits; the other one gets ready in between, and wakes nobody.</summary>
internal class LostWakeUp : Scenario
{
    private bool _ready;
    private bool _waits;
    private volatile bool _woken;

    public override int? Preemptions => null;

    public override Play Begin()
    {
        (_ready, _waits, _woken) = (false, false, false);
        return new Play(() => null, Wait, Wake);
    }

    protected virtual bool LooksAgain => false;

    private void Wait()
    {
        if (Volatile.Read(ref _ready))
            return;
        Volatile.Write(ref _waits, true);
        if (!LooksAgain || !Volatile.Read(ref _ready))
            Stage.Await(() => _woken);
    }

    private void Wake()
    {
        Volatile.Write(ref _ready, true);
        if (Volatile.Read(ref _waits))
            _woken = true;
    }
}

/// <summary>The same, but looks again after it has said so.</summary>
internal sealed class KeptWakeUp : LostWakeUp
{
    protected override bool LooksAgain => true;
}

/// <summary>Two locks, taken in either order.</summary>
internal sealed class TwoLocks : Scenario
{
    private readonly Lock _one = new();
    private readonly Lock _other = new();

    public override Play Begin() => new(() => null, () => Take(_one, _other), () => Take(_other, _one));

    private static void Take(Lock first, Lock second)
    {
        lock (first)
        {
            lock (second)
            {
            }
        }
    }
}

/// <summary>Two locks, always in the same order; one of them twice.</summary>
internal sealed class OrderedLocks : Scenario
{
    private readonly Lock _one = new();
    private readonly object _other = new();

    public override int? Preemptions => null;

    public override Play Begin() => new(() => null, Take, Take);

    private void Take()
    {
        lock (_one)
        {
            lock (_other)
            {
                lock (_one)
                {
                }
            }
        }
    }
}

/// <summary>Spins until the other one is done, and says so.</summary>
internal class Spins : Scenario
{
    private int _done;

    public override int? Preemptions => 1;

    public override Play Begin()
    {
        _done = 0;
        return new Play(() => null, Spin, End);
    }

    protected virtual void End() => Interlocked.Exchange(ref _done, 1);

    private void Spin()
    {
        while (Volatile.Read(ref _done) == 0)
            Thread.Yield();
    }
}

/// <summary>Spins for what never comes.</summary>
internal sealed class SpinsForEver : Spins
{
    protected override void End()
    {
    }
}
