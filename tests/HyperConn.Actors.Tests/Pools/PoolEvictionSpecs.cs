using Akka.Actor;
using HyperConn.Pools;

namespace HyperConn.Tests.Pools;

public class PoolEvictionSpecs : PoolSpec
{
    public PoolEvictionSpecs() => Configure = options =>
    {
        options.Pools.MaxPools = 2;
        options.Pools.IdleTimeToLive = TimeSpan.FromMinutes(5);
    };

    [Fact]
    public async Task Idle_time_alone_evicts_nothing_until_a_new_pool_is_asked_for()
    {
        await World.Get("a");
        World.Pass(TimeSpan.FromHours(1));
        await World.Get("a");
        Assert.Equal(["a"], World.Live);

        World.Pass(TimeSpan.FromMinutes(5));
        await World.Get("b");
        Assert.Equal(["b"], World.Live);
        Assert.Equal(1, World.Runtime.Counters.Evictions[EvictionReason.IdleTimeToLive]);
    }

    [Fact]
    public async Task A_sweep_evicts_without_one()
    {
        Configure += options => options.Pools.SweepInterval = TimeSpan.FromMinutes(1);
        await World.Get("a");
        World.Pass(TimeSpan.FromMinutes(4));
        Assert.Equal(["a"], World.Live);
        World.Pass(TimeSpan.FromMinutes(1));
        Assert.Empty(World.Live);
    }

    [Fact]
    public async Task No_idle_time_no_eviction_by_it()
    {
        Configure += options => options.Pools.IdleTimeToLive = TimeSpan.Zero;
        await World.Get("a");
        World.Pass(TimeSpan.FromDays(1));
        await World.Get("b");
        Assert.Equal(["a", "b"], World.Live);
    }

    [Fact]
    public async Task A_handle_outlives_its_pool()
    {
        var handle = await World.Get("a");
        Assert.Equal(EvictResult.Evicted, await World.Evict("a"));
        Assert.Null(handle.Current);
        var revived = await World.Ensure("a");
        Assert.Same(revived, handle.Current);
        Assert.Same(handle, World.Handle("a"));
    }

    [Fact]
    public async Task Evicting_one_tells_how_it_went()
    {
        Assert.Equal(EvictResult.NotFound, await World.Evict("a"));
        var lease = await World.Hold("a");
        Assert.Equal(EvictResult.InUse, await World.Evict("a"));
        lease.End();
        Assert.Equal(EvictResult.Evicted, await World.Evict("a"));
        Assert.Equal(EvictResult.NotFound, await World.Evict("a"));
        World.Secrets.Holds = true;
        var asked = World.Ask("a");
        Assert.Equal(EvictResult.NotFound, await World.Evict("a"));
        World.Secrets.Release();
        await asked;
    }

    [Fact]
    public async Task Evicted_pools_leave_no_generation_and_no_actor()
    {
        await World.Get("a");
        var owner = World.Pool("a").OwnerActor();
        Watch(owner);
        await World.Evict("a");
        ExpectTerminated(owner);
        Assert.Empty(World.Runtime.Generations);
    }

    [Fact]
    public async Task A_busy_pool_is_passed_over_and_comes_back_when_idle()
    {
        var a = await World.Hold("a");
        World.Pass(1);
        await World.Get("b");
        World.Pass(1);
        await World.Get("c");
        Assert.Equal(["a", "c"], World.Live);

        World.Pass(1);
        a.End();
        World.Pass(1);
        await World.Get("c");
        World.Pass(1);
        await World.Get("d");
        Assert.Equal(["c", "d"], World.Live);
    }

    [Fact]
    public async Task A_pool_whose_waiters_all_gave_up_comes_back_too()
    {
        // No permits, so that its caller waits.
        Configure += options => options.Servers.MaxConnections = 1;
        var b = await World.Hold("b");
        await World.Get("a");
        using var giveUp = new CancellationTokenSource();
        var waiting = World.Pool("a").AcquireAsync(giveUp.Token).AsTask();
        Assert.Equal(EvictResult.InUse, await World.Evict("a"));
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        World.Pass(1);
        await World.Get("c");
        Assert.Equal(["b", "c"], World.Live);
        b.End();
    }

    [Fact]
    public async Task A_busy_pool_comes_back_also_when_its_credentials_changed_meanwhile()
    {
        var a = await World.Hold("a");
        Assert.Equal(EvictResult.InUse, await World.Evict("a"));
        World.Secrets.Set(Tenant("a"), ScriptedSecrets.Uri(user: "other"), "v2");
        a.Pool.OwnerActor().Tell(AdoptCredentials.Instance);
        Assert.Equal(2, World.Pool("a").Number);
        a.End();

        World.Pass(TimeSpan.FromMinutes(6));
        await World.Get("b");
        Assert.Equal(["b"], World.Live);
        Assert.Single(World.Runtime.Generations);
    }

    [Fact]
    public async Task Idle_connections_give_their_permits_back_in_time()
    {
        (await World.Hold("a")).End();
        Assert.Equal(1, World.Pool("a").Word.Permits);
        World.Pass(TimeSpan.FromSeconds(30));
        World.Pass(TimeSpan.FromSeconds(30));
        Assert.Equal(0, World.Pool("a").Word.Permits);
        Assert.Equal(0, World.Pool("a").Shares[0].Server.Granted);
    }
}
