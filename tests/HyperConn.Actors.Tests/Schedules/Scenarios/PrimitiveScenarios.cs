using System.Reflection;
using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.Schedules.Exploring;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>The timer of the clock ticks while it is started and ended: a last tick sets nothing.</summary>
internal sealed class ClockStopped : Scenario
{
    private static readonly MethodInfo Tick = typeof(CoarseClock).GetMethod("Tick", BindingFlags.Instance | BindingFlags.NonPublic)!;

    public override int? Preemptions => null;

    public override Play Begin()
    {
        var clock = new CoarseClock(TimeProvider.System);
        var tick = Tick.CreateDelegate<Action>(clock);
        return new Play(
            () => clock.Ticks ? "It stands still at what it read last." : null,
            () =>
            {
                clock.Adapt(2 * CoarseClock.Busy);
                Stage.Require(clock.Recent > 0, "No time.");
                clock.Stop();
            },
            tick,
            () => Stage.Require(clock.Recent > 0, "No time."));
    }
}

/// <summary>Hot acquisitions are added up by two while a generation closes and another lease begins: the sum never falls.</summary>
internal sealed class TotalsAddedUp : Scenario
{
    public override Play Begin()
    {
        var totals = new LeaseTotals();
        var (open, most) = (3L, 0L);
        return new Play(
            () => totals.Hot(open) >= most ? null : "It fell.",
            () =>
            {
                // First out of those that live, then added.
                open = 0;
                totals.Closed(3);
            },
            Add,
            Add);

        void Add()
        {
            for (var looks = 2; looks > 0; looks--)
            {
                var before = most;
                var hot = totals.Hot(open);
                Stage.Require(hot >= before, $"{hot} after {before}.");
                most = Math.Max(most, hot);
            }
        }
    }
}

/// <summary>Generations close, and acquisitions turn out not to be hot, at once: all are counted.</summary>
internal sealed class TotalsCounted : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var totals = new LeaseTotals();
        return new Play(() => totals.Hot(0) == 4 ? null : $"{totals.Hot(0)} of 4", Count, Count);

        void Count()
        {
            totals.Closed(3);
            totals.NotHot();
        }
    }
}

/// <summary>Leases begun are added up by two while one begins.</summary>
internal sealed class AgesAddedUp : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var ages = new LeaseAges(tenant.Desk, new MonotonicClock(new FakeTimeProvider()), accesses: 0);
        return new Play(
            () => ages.Begun == tenant.Desk.Word.Accesses ? tenant.Rest(permits: 1) : $"{ages.Begun} of {tenant.Desk.Word.Accesses}",
            () => _ = ages.Begun,
            () => _ = ages.Begun,
            () => tenant.UseHot());
    }
}

/// <summary>Old leases are looked for by two, so that buckets change places, while leases begin and end.</summary>
internal sealed class AgesLookedAt : Scenario
{
    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var ages = new LeaseAges(tenant.Desk, new MonotonicClock(new FakeTimeProvider()), accesses: 0);
        return new Play(
            () => tenant.Rest(permits: 1),
            () =>
            {
                ages.FindOld(TimeSpan.Zero);
                ages.FindOld(TimeSpan.Zero);
            },
            () => ages.FindOld(TimeSpan.Zero),
            () =>
            {
                tenant.UseHot();
                tenant.UseHot();
            });
    }
}

/// <summary>Who waits for the end of a generation hears of it, and one closes it.</summary>
internal sealed class EndSeen : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var end = new GenerationEnd();
        var closed = 0;
        return new Play(
            () => closed == 1 && end.IsClosing ? null : $"{closed} closed it.",
            () =>
            {
                end.Begin();
                Close();
            },
            Close,
            () =>
            {
                var (begun, over) = (end.Begun, end.Closed);
                Stage.Await(() => begun.IsCompleted && over.IsCompleted);
            });

        void Close()
        {
            if (!end.TryClose())
                return;
            closed++;
            end.Complete();
        }
    }
}
