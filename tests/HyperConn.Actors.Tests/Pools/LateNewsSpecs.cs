using Akka.Actor;
using HyperConn.Pools;

namespace HyperConn.Tests.Pools;

/// <summary>What reaches the supervisor after what it is about has changed.</summary>
public class LateNewsSpecs : PoolSpec
{
    private static readonly HyperConnFailure Failure = new(HyperConnErrorCode.Internal, "Late.");

    [Fact]
    public async Task What_an_earlier_pool_of_a_tenant_has_to_say_does_not_touch_the_one_there_is()
    {
        await World.Get("a");
        World.Secrets.Holds = true;
        var asked = World.Ask("b");
        var stranger = CreateTestProbe().Ref;
        foreach (var org in new[] { "a", "b", "nobody" })
        {
            World.Supervisor.Tell(new PoolOpened(Tenant(org)), stranger);
            World.Supervisor.Tell(new PoolFailed(Tenant(org), Failure), stranger);
            World.Supervisor.Tell(new PoolTerminated(Tenant(org), 4711));
            World.Supervisor.Tell(new PoolWentIdle(Tenant(org)));
        }

        await World.Snapshot();
        Assert.False(asked.IsCompleted);
        Assert.Equal(["a"], World.Live);
        Assert.Equal(0, World.Runtime.Counters.PoolsFailed);
        Assert.DoesNotContain(1005, World.Lines.EventIds);
        World.Secrets.Release();
        Assert.IsType<PoolReady>(await asked);
    }

    [Fact]
    public async Task Callers_that_found_a_pool_gone_before_its_crash_was_heard_of_get_the_next()
    {
        await World.Get("a");
        var pool = World.Pool("a");
        Assert.True(World.Handle("a").Publish(pool, null));
        var ensured = World.Ensure("a");
        Assert.False(ensured.IsCompleted);

        pool.OwnerActor().Tell(Kill.Instance);
        Assert.NotSame(pool, await ensured);
        Assert.Equal(2, World.Made.Count);
    }

    [Fact]
    public async Task A_wait_for_room_ends_once()
    {
        await World.Get("a");
        World.Supervisor.Tell(new WaitedForRoom(new PoolEntry(World.Handle("a"), 4711)));
        await World.Snapshot();
        Assert.Equal(["a"], World.Live);
    }

    [Fact]
    public async Task While_draining_news_of_pools_are_passed_on_or_let_be()
    {
        var lease = await World.Hold("a");
        var drained = World.AskFor<Drained>(new DrainAll(TimeSpan.FromSeconds(20)));
        foreach (var org in new[] { "a", "nobody" })
            World.Supervisor.Tell(new PoolOpened(Tenant(org)));
        World.Supervisor.Tell(new PoolFailed(Tenant("nobody"), Failure));
        Assert.False(drained.IsCompleted);
        lease.End();
        Assert.Equal(0, (await drained).LeasesCut);
    }

    [Fact]
    public async Task Who_hurries_a_drain_that_is_over_changes_nothing()
    {
        await World.Get("a");
        await World.AskFor<Drained>(new DrainAll(TimeSpan.FromSeconds(20)));
        World.Supervisor.Tell(DrainNow.Instance);
        Assert.Equal(0, (await World.AskFor<Drained>(new DrainAll(TimeSpan.FromSeconds(20)))).LeasesCut);
        Assert.DoesNotContain(1032, World.Lines.EventIds);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task A_pool_in_use_is_not_held_for_long_where_nobody_says_how_long_that_is(int threshold)
    {
        Configure = options => options.Diagnostics.LeakThreshold = TimeSpan.FromSeconds(threshold);
        var lease = await World.Hold("a");
        Assert.Equal(EvictResult.InUse, await World.Evict("a"));
        Assert.Equal(EvictionSkipReason.InUse, (await World.Snapshot()).Tenants.Single().NotEvicted);
        lease.End();
    }

    [Fact]
    public async Task A_pool_whose_callers_wait_for_permits_is_kept_because_of_them()
    {
        Configure = options => options.Servers.MaxConnections = 1;
        var lease = await World.Hold("b");
        await World.Get("a");
        var waiting = World.Pool("a").AcquireAsync(CancellationToken.None).AsTask();
        Assert.Equal(EvictResult.InUse, await World.Evict("a"));
        Assert.Equal(EvictionSkipReason.Waiting, (await World.Snapshot()).Tenants.Single(tenant => tenant.Tenant.Org == "a").NotEvicted);
        lease.End();
        await PoolWorld.Within(waiting);
    }
}
