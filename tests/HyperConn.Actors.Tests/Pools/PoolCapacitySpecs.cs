using Akka.Actor;

namespace HyperConn.Tests.Pools;

public class PoolCapacitySpecs : PoolSpec
{
    public PoolCapacitySpecs() => Configure = options => options.Pools.MaxPools = 2;

    private void Policy(CapacityPolicy policy) => Configure += options => options.Pools.OnCapacity = policy;

    [Fact]
    public async Task Pools_being_made_count()
    {
        Policy(CapacityPolicy.Reject);
        World.Secrets.Holds = true;
        var a = World.Ask("a");
        var b = World.Ask("b");
        Assert.Equal(HyperConnErrorCode.CapacityReached, (await World.GetFails("c")).Code);
        World.Secrets.Release();
        await Task.WhenAll(a, b);

        // Now that they are there, and idle, one makes room.
        await World.Get("c");
    }

    [Fact]
    public async Task Overflow_is_made_all_the_same_and_trimmed_as_soon_as_a_pool_goes_idle()
    {
        var (a, b) = (await World.Hold("a"), await World.Hold("b"));
        World.Pass(1);
        var c = await World.Hold("c");
        World.Pass(1);
        var d = await World.Hold("d");
        Assert.Equal(["a", "b", "c", "d"], World.Live);
        Assert.Equal(2, World.Runtime.Counters.CapUnmet);
        Assert.Single(World.Lines.EventIds, id => id == 1006);

        d.End();
        Assert.Equal(["a", "b", "c"], World.Live);
        a.End();
        Assert.Equal(["b", "c"], World.Live);
        c.End();
        b.End();
        Assert.Equal(["b", "c"], World.Live);
        Assert.Equal(2, World.Runtime.Counters.Evictions[EvictionReason.Overflow]);
    }

    [Fact]
    public async Task Rejecting_evicts_what_is_idle_before_it_rejects()
    {
        Policy(CapacityPolicy.Reject);
        var a = await World.Hold("a");
        await World.Get("b");
        await World.Get("c");
        Assert.Equal(["a", "c"], World.Live);
        var c = await World.Hold("c");

        var refusal = await World.GetFails("d");
        Assert.Equal(HyperConnErrorCode.CapacityReached, refusal.Code);
        Assert.Equal(HyperConnErrorCode.CapacityReached, (await Assert.ThrowsAsync<HyperConnException>(() => World.Ensure("d"))).Code);
        a.End();
        c.End();
        await World.Get("d");
    }

    [Fact]
    public async Task Waiting_ends_when_a_pool_goes_idle_first_come_first_served()
    {
        Policy(CapacityPolicy.Wait);
        var (a, b) = (await World.Hold("a"), await World.Hold("b"));
        var c = World.Ask("c");
        var cToo = World.Ensure("c");
        var d = World.Ask("d");
        Assert.False(c.IsCompleted || cToo.IsCompleted || d.IsCompleted);
        Assert.Equal(2, World.Made.Count);

        b.End();
        Assert.IsType<PoolReady>(await c);
        await cToo;
        Assert.Contains("a", World.Live);

        // What was made for one that waited is idle: it makes room for the next.
        Assert.IsType<PoolReady>(await d);
        Assert.Equal(["a", "d"], World.Live);
        a.End();
        Assert.Equal(2, World.Live.Count());
    }

    [Fact]
    public async Task A_pool_made_for_a_lease_does_not_make_room_before_it_was_used()
    {
        Policy(CapacityPolicy.Wait);
        var (a, b) = (await World.Hold("a"), await World.Hold("b"));
        var c = World.Ensure("c", forLease: true);
        var d = World.Ask("d");
        b.End();
        var pool = await c;
        Assert.False(d.IsCompleted);
        var lease = await PoolWorld.Take(pool);
        pool.Unexpect();
        Assert.False(d.IsCompleted);
        lease.End();
        Assert.IsType<PoolReady>(await d);
        Assert.Equal(["a", "d"], World.Live);
        a.End();
    }

    [Fact]
    public async Task Waiting_ends_in_time()
    {
        Policy(CapacityPolicy.Wait);
        var (a, b) = (await World.Hold("a"), await World.Hold("b"));
        var asked = World.Ask("c");
        var ensured = World.Ensure("c");
        World.Pass(World.Runtime.Options.Pools.AcquireTimeout);
        Assert.Equal(HyperConnErrorCode.CapacityReached, Assert.IsType<PoolUnavailable>(await asked).Reason.Code);
        Assert.Equal(HyperConnErrorCode.CapacityReached, (await Assert.ThrowsAsync<HyperConnException>(() => ensured)).Code);

        // And leaves no place taken.
        a.End();
        b.End();
        await World.Get("c");
        await World.Get("d");
        Assert.Equal(["c", "d"], World.Live);
    }

    [Fact]
    public async Task A_failure_makes_room()
    {
        Policy(CapacityPolicy.Wait);
        World.Secrets.Fail(Tenant("b"), HyperConnErrorCode.SecretNotFound);
        World.Secrets.Holds = true;
        var a = World.Ask("a");
        var b = World.Ask("b");
        var c = World.Ask("c");
        World.Secrets.Release();
        Assert.IsType<PoolReady>(await a);
        Assert.IsType<PoolUnavailable>(await b);
        Assert.IsType<PoolReady>(await c);
    }

    [Fact]
    public async Task A_crash_makes_room()
    {
        Policy(CapacityPolicy.Wait);
        var (a, b) = (await World.Hold("a"), await World.Hold("b"));
        var c = World.Ask("c");
        b.Pool.OwnerActor().Tell(Kill.Instance);
        Assert.IsType<PoolReady>(await c);
        Assert.Equal(["a", "c"], World.Live);
        a.End();
        b.End();
    }
}
