using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>Tenants on a server whose budget runs beside them.</summary>
internal abstract class BudgetScenario : Scenario
{
    protected BudgetThread Budget { get; private set; } = null!;

    protected Tenant One { get; private set; } = null!;

    protected Tenant Other { get; private set; } = null!;

    public override int? Preemptions => 1;

    public override Play Begin()
    {
        Budget = new BudgetThread(limit: 1, workers: 2);
        (One, Other) = (new Tenant(Budget), new Tenant(Budget));
        return new Play(
            Check,
            () => Work(First),
            () => Work(Second),
            Budget.Run);
    }

    protected abstract void First();

    protected abstract void Second();

    protected virtual string? Check()
    {
        var held = One.Desk.Word.Permits + Other.Desk.Word.Permits;
        return One.Rest() ?? Other.Rest()
            ?? (Budget.Ledger.Granted != held ? $"{Budget.Ledger.Granted} permits are out, and tenants have {held}." : null)
            ?? (held > 1 ? $"{held} permits are out of one." : null)
            ?? (Budget.Ledger.Opening != 0 || Budget.State.OpenSlots.Taken != 0 ? "An open is counted that has ended." : null);
    }

    private void Work(Action work)
    {
        work();
        Budget.Ended();
    }
}

/// <summary>Two callers of a tenant that has no permit yet.</summary>
internal sealed class BudgetOfOne : BudgetScenario
{
    protected override void First() => One.Use();

    protected override void Second() => One.Use();
}

/// <summary>Two tenants, one permit: it goes from one to the other.</summary>
internal sealed class BudgetOfTwo : BudgetScenario
{
    protected override void First() => One.Use();

    protected override void Second() => Other.Use();
}

/// <summary>A caller gives up while it is granted a permit.</summary>
internal sealed class BudgetGivenUp : BudgetScenario
{
    protected override void First() => One.GiveUp(One.Desk.Join());

    protected override void Second() => Other.Use();
}

/// <summary>A tenant drains while it is granted a permit.</summary>
internal sealed class BudgetDrained : BudgetScenario
{
    protected override void First() => One.Use();

    protected override void Second() => One.Drain();

    protected override string? Check()
    {
        if (One.ToldDrained == 0)
            return "The end was not told.";
        One.Desk.Permits.Close();
        Budget.WorkOff();
        return Budget.Ledger.Granted == 0 ? base.Check() : $"{Budget.Ledger.Granted} permits are out when all is closed.";
    }
}

/// <summary>An open fails while another tenant waits: its permit goes back.</summary>
internal sealed class BudgetOfFailure : BudgetScenario
{
    protected override void First()
    {
        var waiter = One.Desk.Join();
        Stage.Await(() => waiter.Task.IsCompleted);
        var lease = waiter.Task.Result;
        One.EndSlow(lease.AgeBucket, keepsPermit: false);
        One.Desk.Permits.EndOpen();
    }

    protected override void Second() => Other.Use();
}

/// <summary>A lease that no permit covers, beside a caller that waits.</summary>
internal sealed class BudgetOverdrawn : BudgetScenario
{
    protected override void First()
    {
        var bucket = One.Desk.TakeAnyway(out var overdrawn);
        if (overdrawn)
            One.Desk.Permits.Overdraw();
        One.Hold();
        One.End(bucket);
    }

    protected override void Second() => Other.Use();

    protected override string? Check()
    {
        // What is over the limit comes back when it is asked for.
        Budget.WorkOff();
        var held = One.Desk.Word.Permits + Other.Desk.Word.Permits;
        return One.Rest() ?? Other.Rest() ?? (Budget.Ledger.Granted != held ? $"{Budget.Ledger.Granted} permits are out, and tenants have {held}." : null);
    }
}
