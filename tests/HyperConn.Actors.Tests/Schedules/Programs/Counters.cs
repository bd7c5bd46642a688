using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules.Programs;

/// <summary>Threads that do nothing but so many atomic steps each.</summary>
internal abstract class StepsOf(params int[] steps) : Scenario
{
    private long _sum;

    public override int? Preemptions => null;

    public override Play Begin()
    {
        _sum = 0;
        return new Play(() => _sum == steps.Sum() ? null : $"{_sum}", Array.ConvertAll<int, Action>(steps, own => () =>
        {
            for (; own > 0; own--)
                Interlocked.Increment(ref _sum);
        }));
    }
}

internal sealed class StepsOf1And1() : StepsOf(1, 1);

internal sealed class StepsOf3And2() : StepsOf(3, 2);

internal sealed class StepsOf5And4() : StepsOf(5, 4);

internal sealed class StepsOf2And2And2() : StepsOf(2, 2, 2);

/// <summary>The same within a bound.</summary>
internal sealed class StepsOf4And3Without() : StepsOf(4, 3)
{
    public override int? Preemptions => 0;
}

internal sealed class StepsOf4And3WithOne() : StepsOf(4, 3)
{
    public override int? Preemptions => 1;
}

/// <summary>Reads, adds, writes: each step by itself is atomic.</summary>
internal sealed class LostUpdate : Scenario
{
    private int _count;

    public override Play Begin()
    {
        _count = 0;
        return new Play(() => _count == 2 ? null : $"{_count} of 2", Add, Add);
    }

    private void Add() => Volatile.Write(ref _count, Volatile.Read(ref _count) + 1);
}

/// <summary>The same with compare-and-swap.</summary>
internal sealed class KeptUpdate : Scenario
{
    private int _count;

    public override int? Preemptions => null;

    public override Play Begin()
    {
        _count = 0;
        return new Play(() => _count == 2 ? null : $"{_count} of 2", Add, Add);
    }

    private void Add()
    {
        while (Volatile.Read(ref _count) is var seen && Interlocked.CompareExchange(ref _count, seen + 1, seen) != seen)
        {
        }
    }
}

/// <summary>The same under a lock, with plain reads and writes.</summary>
internal sealed class LockedUpdate : Scenario
{
    private readonly Lock _gate = new();
    private int _count;

    public override int? Preemptions => null;

    public override Play Begin()
    {
        _count = 0;
        return new Play(() => _count == 2 ? null : $"{_count} of 2", Add, Add);
    }

    private void Add()
    {
        lock (_gate)
            _count++;
    }
}

/// <summary>The same under a lock that only one of the two takes.</summary>
internal sealed class HalfLockedUpdate : Scenario
{
    private readonly Lock _gate = new();
    private int _count;

    public override Play Begin() => new(() => null, Add, () => _count++);

    private void Add()
    {
        lock (_gate)
            _count++;
    }
}

/// <summary>Goes wrong only if each of the two is interrupted by the other at the right place.</summary>
internal abstract class NeedsTwoPreemptions : Scenario
{
    private int _a;
    private int _b;
    private bool _met;

    public override Play Begin()
    {
        (_a, _b, _met) = (0, 0, false);
        return new Play(
            () => _met ? "They met." : null,
            () =>
            {
                Volatile.Write(ref _a, 1);
                if (Volatile.Read(ref _b) == 1)
                    _met = true;
                Volatile.Write(ref _a, 0);
            },
            () =>
            {
                if (Volatile.Read(ref _a) != 1)
                    return;
                Volatile.Write(ref _b, 1);
                Volatile.Write(ref _b, 0);
            });
    }
}

internal sealed class TwoPreemptionsWithinOne : NeedsTwoPreemptions
{
    public override int? Preemptions => 1;
}

internal sealed class TwoPreemptionsWithinTwo : NeedsTwoPreemptions
{
    public override int? Preemptions => 2;
}
