using Akka.Actor;
using HyperConn.Pools;

namespace HyperConn.Tests.Pools;

/// <summary>Callers of tenants that an operator paused.</summary>
public class PausedTenantSpecs : PoolSpec
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static OperatorTarget.Tenant Target(string org) => new(Tenant(org));

    private Task<OperatorReply> Pause(OperatorTarget target) => World.AskFor<OperatorReply>(new PauseTenants(target, "ops", "works"));

    private Task<OperatorReply> Ban(OperatorTarget target) => World.AskFor<OperatorReply>(new BanTenants(target, "ops", "abuse", Hour));

    private Task<OperatorReply> Resume(OperatorTarget target) => World.AskFor<OperatorReply>(new ResumeTenants(target, "ops", "over"));

    [Fact]
    public async Task All_callers_of_a_paused_tenant_go_on_with_one_pool_when_it_is_resumed()
    {
        await Pause(Target("p"));
        var asked = new[] { World.Ask("p"), World.Ask("p") };
        var ensured = World.Ensure("p");
        Assert.Empty(World.Made);

        Assert.Equal(1, (await Resume(Target("p"))).Affected);
        Assert.All(await Task.WhenAll(asked), reply => Assert.IsType<PoolReady>(reply));
        Assert.Same(World.Pool("p"), await ensured);
        Assert.Equal([Tenant("p")], World.Made);
    }

    [Fact]
    public async Task Those_who_wait_for_a_tenant_that_is_banned_next_are_refused_and_others_go_on_waiting()
    {
        await Pause(Target("p"));
        await Pause(Target("q"));
        var (p, q) = (World.Ask("p"), World.Ask("q"));

        await Ban(Target("p"));
        Assert.Equal(HyperConnErrorCode.Banned, Assert.IsType<PoolUnavailable>(await p).Reason.Code);
        Assert.False(q.IsCompleted);

        Assert.Equal(1, (await Resume(Target("q"))).Affected);
        Assert.IsType<PoolReady>(await q);
    }

    [Fact]
    public async Task One_that_is_resumed_lets_nobody_else_go_on()
    {
        await Pause(Target("p"));
        await Pause(Target("q"));
        var (p, q) = (World.Ask("p"), World.Ask("q"));
        await Resume(Target("p"));
        Assert.IsType<PoolReady>(await p);
        Assert.False(q.IsCompleted);
        World.Pass(World.Runtime.Options.Pools.AcquireTimeout);
        Assert.Equal(HyperConnErrorCode.Paused, Assert.IsType<PoolUnavailable>(await q).Reason.Code);
    }

    [Fact]
    public async Task Who_has_a_deadline_of_its_own_waits_on_when_those_without_one_are_refused()
    {
        var limit = World.Runtime.Options.Pools.AcquireTimeout;
        await Pause(Target("p"));
        var asked = World.Ask("p");
        using var giveUp = new CancellationTokenSource();
        var ensured = World.Ensure("p", cancellationToken: giveUp.Token);
        World.Pass(limit);
        Assert.Equal(HyperConnErrorCode.Paused, Assert.IsType<PoolUnavailable>(await asked).Reason.Code);
        Assert.False(ensured.IsCompleted);

        // Once it has gone nothing is left of the wait, and the next begins anew.
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ensured);
        World.Pass(limit);
        var later = World.Ask("p");
        World.Pass(limit / 2);
        Assert.False(later.IsCompleted);
        await Resume(Target("p"));
        Assert.IsType<PoolReady>(await later);
    }

    [Fact]
    public async Task The_end_of_a_wait_that_is_over_ends_no_other()
    {
        await Pause(Target("p"));
        var asked = World.Ask("p");
        var over = new PoolEntry(World.Handle("p"), 0);
        World.Supervisor.Tell(new PausedTooLong(over));
        World.Supervisor.Tell(new PausedTooLong(new PoolEntry(new TenantDataSource(World.Runtime.Opening, Tenant("q")), 0)));
        await World.Snapshot();
        Assert.False(asked.IsCompleted);
        await Resume(Target("p"));
        Assert.IsType<PoolReady>(await asked);
    }

    [Fact]
    public async Task Resuming_what_is_not_paused_is_no_fault_and_changes_nothing()
    {
        await Pause(OperatorTarget.Everything);
        var asked = World.Ask("p");
        var reply = await Resume(Target("p"));
        Assert.Equal((true, 0), (reply.Accepted, reply.Affected));
        Assert.Contains("Nothing was in force on exactly this target", reply.Message, StringComparison.Ordinal);
        Assert.False(asked.IsCompleted);
        Assert.Equal(1, (await Resume(OperatorTarget.Everything)).Affected);
        Assert.IsType<PoolReady>(await asked);
    }

    [Fact]
    public async Task Who_waits_for_room_waits_on_when_its_tenant_is_drained()
    {
        Configure = options =>
        {
            options.Pools.MaxPools = 1;
            options.Pools.OnCapacity = CapacityPolicy.Wait;
        };
        var lease = await World.Hold("a");
        var asked = World.Ask("b");
        Assert.Equal(1, (await World.AskFor<OperatorReply>(new DrainTenants(Target("b"), "ops", "test"))).Affected);
        Assert.False(asked.IsCompleted);
        lease.End();
        Assert.IsType<PoolReady>(await asked);
    }
}
