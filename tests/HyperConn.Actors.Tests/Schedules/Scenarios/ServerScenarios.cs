using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.Schedules.Exploring;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>Permits that are wanted back are claimed by as many as are wanted, or withdrawn.</summary>
internal sealed class WantedPermitsClaimed : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var server = new ServerState(new ServerEndpoint("db1", 5432), new FakeTimeProvider());
        server.Want(1);
        var (claimed, withdrawn) = (0, 0);
        return new Play(
            () => claimed + withdrawn == 1 && server.Wanted == 0 ? null : $"{claimed} claimed, {withdrawn} withdrawn, {server.Wanted} left of one.",
            () => claimed = (server.TryClaimWanted() ? 1 : 0) + claimed,
            () => claimed = (server.TryClaimWanted(permitsHeld: 1) ? 1 : 0) + claimed,
            () => withdrawn = server.WithdrawWant());
    }
}

/// <summary>Of two callers whose time passes at once, one is told to write it down.</summary>
internal sealed class TimedOutReported : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var server = new ServerState(new ServerEndpoint("db1", 5432), new FakeTimeProvider());
        var reported = 0;
        return new Play(
            () => reported == 1 && server.TimedOut == 2 ? null : $"{reported} reports of {server.TimedOut}",
            () => reported = (server.AddTimedOut(20_000) ? 1 : 0) + reported,
            () => reported = (server.AddTimedOut(20_000) ? 1 : 0) + reported);
    }
}

/// <summary>One at a time looks what stands at a server.</summary>
internal sealed class ServerLookedAt : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var server = new ServerState(new ServerEndpoint("db1", 5432), new FakeTimeProvider());
        var looking = 0;
        return new Play(() => server.NeedsLook ? "Nobody looked." : null, Look, Look);

        void Look()
        {
            if (!server.TryClaimLook())
                return;
            Stage.Require(++looking == 1, "Two look at once.");
            Stage.Point();
            looking--;
            server.LookEnded(answered: true);
        }
    }
}

/// <summary>More want to open than there are slots.</summary>
internal sealed class OpenSlotsTaken : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var slots = new OpenSlots(1);
        var open = 0;
        return new Play(() => slots.Taken == 0 ? null : $"{slots.Taken} are left.", Open, Open, Open);

        void Open()
        {
            if (!slots.TryTake())
                return;
            Stage.Require(++open == 1, "Two have the one slot.");
            Stage.Point();
            open--;
            slots.Release();
        }
    }
}

/// <summary>A share of the server is read while the next one is given: who sees its time sees its size.</summary>
internal sealed class NodeShareTaken : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var share = new NodeShare(null!, new MonotonicClock(new FakeTimeProvider()));
        share.Take(new ShareGiven(1, 5, TimeSpan.FromSeconds(10)));
        return new Play(
            () => share is { Permits: 2, Epoch: 3, ValidUntil.TotalSeconds: 30 } ? null : "The last share is not in force.",
            () =>
            {
                share.Take(new ShareGiven(2, 3, TimeSpan.FromSeconds(20)));
                share.Take(new ShareGiven(3, 2, TimeSpan.FromSeconds(30)));
                Stage.Require(!share.Take(new ShareGiven(2, 3, TimeSpan.FromSeconds(20))), "An older share is taken.");
            },
            () =>
            {
                var until = share.ValidUntil.TotalSeconds;
                var permits = share.Permits;
                Stage.Require(until switch { >= 30 => permits == 2, >= 20 => permits <= 3, _ => permits <= 5 }, $"{permits} permits until {until} s.");
            });
    }
}

/// <summary>A server is found away by one and there by another, while a third doubts it: the word agrees with the circuit.</summary>
internal sealed class HealthOfServer : Scenario
{
    public override Play Begin()
    {
        var health = new ServerHealth(new FakeTimeProvider(), new FixedRandom(0.5));
        health.NoteOpened(0);
        return new Play(
            () => ((health.Epoch & 1) == 1) == health.Circuit.IsOpen ? null : $"Epoch {health.Epoch}, and the circuit is {health.Circuit.State}.",
            () => health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed),
            () => health.ReportReachable(),
            () => health.Doubt());
    }
}

/// <summary>An answer and a doubt at once: what is idle is trusted only if the answer came after.</summary>
internal sealed class HealthProved : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var health = new ServerHealth(new FakeTimeProvider(), new FixedRandom(0.5));
        health.NoteOpened(0);
        var after = false;
        return new Play(
            () => health.Judge(0, out _) is var trust && trust == (after ? IdleTrust.Trusted : IdleTrust.Probe) ? null : $"{trust}, and the answer came {(after ? "after" : "before")}.",
            () => health.Doubt(),
            () => after = health.Prove(0, openedAt: 0, now: 1) == 2);
    }
}

/// <summary>A pooler is found while sessions of the generation answer: what they said of the shared health says nothing of its own.</summary>
internal abstract class StandsAlone : Scenario
{
    private GenerationTrust _trust = null!;

    public override int? Preemptions => 4;

    protected GenerationTrust Trust => _trust;

    public override Play Begin()
    {
        var time = new FakeTimeProvider();
        var clock = new CoarseClock(time);
        var server = new ServerState(new ServerEndpoint("db1", 5432), time);
        server.Health.NoteOpened(0);
        var view = new ServerView([server], time, searchPath: null);
        _trust = new GenerationTrust(view.Health, clock, validateAfter: null, accesses: 0);
        server.Health.Doubt();
        server.Health.Prove(0, openedAt: 0, now: 0);
        return new Play(
            () => !view.HasOwnHealth ? "It has no health of its own."
                : _trust.IsCurrent ? "What is idle is trusted on the word of others."
                : null,
            () => view.StandAlone(_trust, 0),
            Use);
    }

    protected abstract void Use();
}

/// <summary>An idle connection is judged meanwhile.</summary>
internal sealed class StandsAloneJudged : StandsAlone
{
    protected override void Use() => Trust.Judge(out _);
}

/// <summary>A connection is opened meanwhile, which says nothing of those that are idle.</summary>
internal sealed class StandsAloneOpened : StandsAlone
{
    protected override void Use() => Trust.NoteOpened(2);
}
