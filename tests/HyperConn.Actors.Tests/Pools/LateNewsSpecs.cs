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

    [Fact]
    public async Task Why_a_tenant_waits_is_told_of_a_pause_only()
    {
        Assert.Null(World.Runtime.WhyPaused(Tenant("nobody")));
        var handle = await World.Get("a");
        Assert.Null(World.Runtime.WhyPaused(Tenant("a")));
        handle.LastFailure = Failure;
        Assert.Null(World.Runtime.WhyPaused(Tenant("a")));
        handle.LastFailure = Failure with { Code = HyperConnErrorCode.Paused };
        Assert.Equal(handle.LastFailure, World.Runtime.WhyPaused(Tenant("a")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Expired_credentials_that_were_read_again_will_do_and_those_that_were_not_won_t(bool readAgain)
    {
        await World.Get("a");
        var pool = World.Pool("a");
        World.Pass(TimeSpan.FromSeconds(1));
        if (readAgain)
            World.Secrets.Set(Tenant("a"), ScriptedSecrets.Uri(), "v1");
        Assert.Equal(readAgain, await PoolWorld.Within(pool.Owner.AskForNewerCredentialsAsync(pool, "v1", expired: true)));
        Assert.Empty(World.Secrets.Refetches);
        Assert.Same(pool, World.Pool("a"));
    }

    [Theory]
    [InlineData("db1", "db2")]
    [InlineData("db2", "db1")]
    public async Task Of_two_hosts_a_ban_of_one_counts_for_more_than_a_pause_of_the_other(string paused, string banned)
    {
        World.Secrets.Set(Tenant("a"), ScriptedSecrets.Uri(host: "db1,db2"), "v1");
        await World.AskFor<OperatorReply>(new PauseTenants(new OperatorTarget.Server(new ServerEndpoint(paused, 5432)), "ops", "works"));
        await World.AskFor<OperatorReply>(
            new BanTenants(new OperatorTarget.Server(new ServerEndpoint(banned, 5432)), "ops", "abuse", TimeSpan.FromHours(1)));
        Assert.Equal(HyperConnErrorCode.Banned, (await World.GetFails("a")).Code);
    }
}
