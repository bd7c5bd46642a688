using HyperConn.Leases;
using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>Threads on one atomic word.</summary>
internal abstract class CounterScenario : Scenario
{
    private LeaseCounter _leases;
    private int _held;

    public override int? Preemptions => null;

    protected ref LeaseCounter Leases => ref _leases;

    public override Play Begin()
    {
        (_leases, _held) = (new LeaseCounter(0), 0);
        for (var i = 0; i < Permits; i++)
            _leases.End(_leases.Take(withPermit: true), withPermit: false);
        return Play();
    }

    protected abstract int Permits { get; }

    protected abstract Play Play();

    /// <summary>A lease from its beginning to its end; false: none was to be had.</summary>
    protected bool Use()
    {
        if (!_leases.TryTake(out var before))
            return false;
        Hold();
        End(before.AgeBucket);
        return true;
    }

    protected void Hold()
    {
        _held++;
        var word = _leases.Word;
        Stage.Require(word.Leases >= _held && word.Permits >= _held, $"{_held} have a lease, and the word says {word.Leases} leases, {word.Permits} permits.");
    }

    protected void End(int bucket)
    {
        _held--;
        if (!_leases.TryEnd(bucket))
            _leases.End(bucket, withPermit: false);
    }

    protected string? Rest(int permits) =>
        _leases.Word is { Leases: 0 } word && word.Permits == permits ? null : $"{_leases.Word.Leases} leases and {_leases.Word.Permits} permits are left.";
}

/// <summary>Two want the one permit.</summary>
internal sealed class CounterOnePermit : CounterScenario
{
    protected override int Permits => 1;

    protected override Play Play()
    {
        var used = 0;
        return new Play(
            () => used == 0 ? "Nobody had a lease." : Miscount(used) ?? Rest(permits: 1),
            () => used = (Use() ? 1 : 0) + used,
            () => used = (Use() ? 1 : 0) + used);

        string? Miscount(int leases) => Leases.Word.Accesses - 1 == leases ? null : $"{leases} leases were begun, and {Leases.Word.Accesses - 1} counted.";
    }
}

/// <summary>Three want two permits.</summary>
internal sealed class CounterTwoPermits : CounterScenario
{
    public override int? Preemptions => 3;

    protected override int Permits => 2;

    protected override Play Play() => new(() => Rest(permits: 2), () => Use(), () => Use(), () => Use());
}

/// <summary>A lease begins while the free permits are taken away.</summary>
internal sealed class CounterReclaim : CounterScenario
{
    protected override int Permits => 2;

    protected override Play Play()
    {
        var taken = 0;
        return new Play(() => Rest(permits: 2 - taken), () => Use(), () => taken = Leases.TakeFreePermits(keep: 0));
    }
}

/// <summary>A lease begins while a drain does: after the flag, none does.</summary>
internal sealed class CounterDrain : CounterScenario
{
    protected override int Permits => 1;

    protected override Play Play()
    {
        var drained = false;
        return new Play(
            () => Rest(permits: 1),
            () =>
            {
                for (var tries = 2; tries > 0; tries--)
                {
                    var late = drained;
                    Stage.Require(!Use() || !late, "A lease began after the flag.");
                }
            },
            () =>
            {
                Leases.Set(LeaseWord.Draining);
                drained = true;
                Stage.Require(Leases.TryTakeFree() is null, "A lease began after the flag.");
            });
    }
}

/// <summary>A lease ends while somebody begins to wait: one of the two sees the other.</summary>
internal sealed class CounterWaiter : CounterScenario
{
    protected override int Permits => 1;

    protected override Play Play()
    {
        var bucket = Leases.Take();
        var (told, served) = (false, false);
        return new Play(
            () => told || served ? null : "A lease ended, and who waits was not told.",
            () => told = !Leases.TryEnd(bucket),
            () =>
            {
                if (Leases.TryTakeFree() is not null)
                {
                    served = true;
                    return;
                }

                Leases.Set(LeaseWord.HasWaiters);
                served = Leases.TryTakeFree() is not null;
            });
    }
}

/// <summary>The age buckets change places while leases begin and end.</summary>
internal sealed class CounterBuckets : CounterScenario
{
    public override int? Preemptions => 3;

    protected override int Permits => 2;

    protected override Play Play() => new(
        () => Rest(permits: 2),
        () => Use(),
        () => Use(),
        () =>
        {
            Leases.Set(LeaseWord.SecondBucket);
            Leases.Clear(LeaseWord.SecondBucket);
        });
}

/// <summary>A lease over the permits, beside one on a permit and one whose permit goes.</summary>
internal sealed class CounterOverdraft : CounterScenario
{
    public override int? Preemptions => 3;

    protected override int Permits => 1;

    protected override Play Play()
    {
        var overdrawn = false;
        var leased = Leases.Take();
        return new Play(
            () => Rest(permits: overdrawn ? 1 : 0),
            () => End(HeldAnyway(out overdrawn)),
            () => Use(),
            () => Leases.End(leased, withPermit: true));
    }

    private int HeldAnyway(out bool overdrawn)
    {
        var bucket = Leases.TakeAnyway(out overdrawn);
        Stage.Require(Leases.Word.Permits >= 1, "A lease without a permit.");
        Hold();
        return bucket;
    }
}
