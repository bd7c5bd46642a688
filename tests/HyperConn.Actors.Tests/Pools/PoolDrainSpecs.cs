using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Secrets;

namespace HyperConn.Tests.Pools;

public class PoolDrainSpecs : PoolSpec
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private Task<Drained> Drain(TimeSpan? deadline = null) => World.AskFor<Drained>(new DrainAll(deadline ?? Deadline));

    [Fact]
    public async Task Draining_nothing_is_over_at_once() => Assert.Equal(0, (await Drain()).LeasesCut);

    [Fact]
    public async Task Idle_pools_are_closed_at_once()
    {
        await World.Get("a");
        await World.Get("b");
        Assert.Equal(0, (await Drain()).LeasesCut);
        Assert.Empty(World.Live);
        Assert.Empty(World.Runtime.Generations);
        Assert.Equal(2, World.Runtime.Counters.Evictions[EvictionReason.Shutdown]);
    }

    [Fact]
    public async Task Open_leases_are_waited_for_and_no_new_ones_begin()
    {
        var lease = await World.Hold("a");
        var drained = Drain();
        Assert.False(drained.IsCompleted);
        Assert.False(lease.Pool.TryLease(out _));
        Assert.Equal(LeaseOutcome.SentBack, (await lease.Pool.AcquireAsync(default)).Outcome);
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await World.GetFails("a")).Code);
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await World.GetFails("b")).Code);
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await Assert.ThrowsAsync<HyperConnException>(() => World.Ensure("a"))).Code);
        var promise = new PoolPromise(forLease: true);
        World.Supervisor.Tell(new EnsurePool(Tenant("a"), promise));
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await promise.Task).Failure!.Code);
        Assert.Equal(EvictResult.NotFound, await World.Evict("a"));
        Assert.False((await World.AskFor<OperatorReply>(new PauseTenants(OperatorTarget.Everything, "ops", "test"))).Accepted);

        lease.End();
        Assert.Equal(0, (await drained).LeasesCut);
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await World.GetFails("a")).Code);
        Assert.Equal(0, lease.Pool.Shares[0].Server.Granted);
    }

    [Fact]
    public async Task Callers_of_pools_being_made_waiting_or_held_are_answered()
    {
        Configure = options =>
        {
            options.Pools.MaxPools = 1;
            options.Pools.OnCapacity = CapacityPolicy.Wait;
        };
        World.Secrets.Holds = true;
        await World.AskFor<OperatorReply>(new PauseTenants(new OperatorTarget.Tenant(Tenant("p")), "ops", "test"));
        var asked = new[] { World.Ask("a"), World.Ask("b"), World.Ask("p") };
        await Drain();
        foreach (var each in asked)
            Assert.Equal(HyperConnErrorCode.ShuttingDown, Assert.IsType<PoolUnavailable>(await each).Reason.Code);
    }

    [Fact]
    public async Task Callers_in_the_queue_are_sent_on()
    {
        Configure = options => options.Servers.MaxConnections = 1;
        var lease = await World.Hold("a");
        var waiting = lease.Pool.AcquireAsync(default).AsTask();
        var drained = Drain();
        Assert.Equal(LeaseOutcome.SentBack, (await PoolWorld.Within(waiting)).Outcome);
        lease.End();
        await drained;
        Assert.Equal(0, lease.Pool.Shares[0].Server.Waiting);
    }

    [Fact]
    public async Task At_the_deadline_what_is_open_is_cut()
    {
        var lease = await World.Hold("a");
        await World.Get("b");
        var drained = Drain();
        World.Pass(Deadline);
        Assert.Equal(1, (await drained).LeasesCut);
        Assert.Empty(World.Runtime.Generations);

        // Its owner ends it later: nothing is left to go wrong.
        lease.End();
        Assert.Equal(0, lease.Pool.Shares[0].Server.Granted);
    }

    [Fact]
    public async Task Who_is_in_a_hurry_need_not_wait_for_the_deadline()
    {
        await World.Hold("a");
        var drained = Drain();
        World.Supervisor.Tell(DrainNow.Instance);
        Assert.Equal(1, (await drained).LeasesCut);
    }

    [Fact]
    public async Task A_pool_that_does_not_answer_is_stopped()
    {
        // A session to end on a server that accepts and says nothing.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        World.Secrets.Set(Tenant("a"), ScriptedSecrets.Uri(host: silent.LocalEndpoint.ToString()!), "v1");
        (await World.Hold("a")).Pool.Connections.NoteSession(4711);
        var drained = Drain(TimeSpan.FromSeconds(1));
        World.Pass(TimeSpan.FromSeconds(1));
        World.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(1, (await drained).LeasesCut);
        Assert.Empty(World.Runtime.Generations);
    }

    [Fact]
    public async Task A_pool_whose_sessions_can_t_be_ended_is_closed_all_the_same()
    {
        // Bound for as long as the test lasts, so that nobody else listens there; connections to it are refused.
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        World.Secrets.Set(Tenant("a"), ScriptedSecrets.Uri(host: closed.LocalEndPoint!.ToString()!), "v1");
        (await World.Hold("a")).Pool.Connections.NoteSession(4711);
        var drained = Drain(TimeSpan.FromSeconds(1));
        World.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await drained).LeasesCut);
        Assert.Single(World.Lines.Lines, line => line.Event.Name == "TerminateFailed");
        Assert.Empty(World.Runtime.Generations);
    }

    [Fact]
    public async Task Draining_twice_answers_both_and_again_later_at_once()
    {
        var lease = await World.Hold("a");
        var (first, second) = (Drain(), Drain());
        Assert.False(first.IsCompleted || second.IsCompleted);
        lease.End();
        await first;
        await second;
        await Drain();
    }

    [Fact]
    public async Task A_pool_whose_eviction_had_begun_is_waited_for_as_well()
    {
        var lease = await World.Hold("a");
        await World.AskFor<OperatorReply>(new DrainTenants(OperatorTarget.Everything, "ops", "test"));
        Assert.Empty(World.Live);
        var drained = Drain();
        Assert.False(drained.IsCompleted);
        lease.End();
        await drained;
    }

    [Fact]
    public async Task News_of_secrets_do_no_harm_while_draining_or_after()
    {
        World.Secrets.Holds = true;
        var asked = World.Ask("a");
        var holding = World.Hold("b");
        World.Secrets.Release();
        await asked;
        var lease = await holding;
        var drained = Drain();
        foreach (var news in new object[] { new SecretChanged("a", "v2"), new SecretRefreshFailed("a", CommonFailures.NotStarted()) })
            World.Secrets.Actor.Tell(new ScriptedSecrets.Tell(news));
        lease.End();
        await drained;
        foreach (var news in new object[] { new SecretChanged("a", "v2"), new SecretRefreshFailed("b", CommonFailures.NotStarted()) })
            World.Secrets.Actor.Tell(new ScriptedSecrets.Tell(news));

        // Still the same incarnation: a new one would take requests again.
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await World.GetFails("a")).Code);
        Assert.DoesNotContain(1005, World.Lines.EventIds);
    }

    [Fact]
    public async Task A_supervisor_that_crashes_while_draining_comes_back_draining_and_answers()
    {
        var lease = await World.Hold("a");
        var drained = Drain();
        World.Supervisor.Tell(new SecretChanged(null!, "v2"));
        Assert.Equal(0, (await drained).LeasesCut);
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await World.GetFails("a")).Code);
        Assert.Single(World.Made);
        lease.End();
    }

    [Fact]
    public async Task When_the_supervisor_is_gone_nobody_waits_for_it()
    {
        var pools = new TenantPools(World.Runtime, new ScriptedSecretStore());
        Watch(World.Supervisor);
        Sys.Stop(World.Supervisor);
        ExpectTerminated(World.Supervisor);

        Assert.Equal(0, await PoolWorld.Within(pools.DrainAllAsync()));
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await Assert.ThrowsAsync<HyperConnException>(() => World.Ensure("a"))).Code);
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await Assert.ThrowsAsync<HyperConnException>(() => pools.EvictAsync(Tenant("a")))).Code);
        Assert.Equal(HyperConnErrorCode.ShuttingDown, (await Assert.ThrowsAsync<HyperConnException>(() => pools.GetStatisticsAsync())).Code);
    }
}
