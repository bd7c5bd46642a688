using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Secrets;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

public class PoolCrashSpecs : PoolSpec
{
    [Fact]
    public async Task A_pool_that_crashed_is_made_anew_at_the_next_request_and_open_leases_go_on()
    {
        var lease = await World.Hold("a");
        lease.Pool.OwnerActor().Tell(Kill.Instance);
        Assert.Empty(World.Live);
        Assert.Contains(1005, World.Lines.EventIds);

        await World.Get("a");
        Assert.NotSame(lease.Pool, World.Pool("a"));
        Assert.Equal(1, World.Runtime.Generations.LeasesOpen);
        lease.End();
        await PoolWorld.Within(lease.Pool.End.Closed);
        Assert.Equal(0, lease.Pool.Shares[0].Server.Granted);
        Assert.Equal([World.Pool("a")], World.Runtime.Generations);
    }

    [Fact]
    public async Task Callers_of_a_pool_that_crashes_while_it_is_made_are_answered()
    {
        World.Secrets.Holds = true;
        var asked = World.Ask("a");
        var ensured = World.Ensure("a");
        var child = await Sys.ActorSelection(World.Supervisor.Path / "core:a:1").ResolveOne(TimeSpan.FromDays(1)).WaitAsync(TimeSpan.FromSeconds(20));
        child.Tell(Kill.Instance);

        Assert.Equal(HyperConnErrorCode.Internal, Assert.IsType<PoolUnavailable>(await asked).Reason.Code);
        Assert.Equal(HyperConnErrorCode.Internal, (await Assert.ThrowsAsync<HyperConnException>(() => ensured)).Code);
        World.Secrets.Release();
        await World.Get("a");
    }

    [Fact]
    public async Task A_login_being_checked_when_its_pool_crashes_is_tried_again()
    {
        await World.Get("a");
        World.Secrets.Holds = true;
        var newer = new TaskCompletionSource<bool>();
        World.Pool("a").OwnerActor().Tell(new CredentialsRefused(World.Pool("a"), "v1", newer));
        World.Pool("a").OwnerActor().Tell(Kill.Instance);
        Assert.True(await PoolWorld.Within(newer.Task));
    }

    [Fact]
    public async Task A_supervisor_that_ends_answers_all_who_wait()
    {
        Configure = options =>
        {
            options.Pools.MaxPools = 1;
            options.Pools.OnCapacity = CapacityPolicy.Wait;
        };
        World.Secrets.Holds = true;
        var resolving = World.Ask("a");
        var ensured = World.Ensure("a");
        var waiting = World.Ask("b");
        await World.AskFor<OperatorReply>(new PauseTenants(new OperatorTarget.Tenant(Tenant("p")), "ops", "test"));
        var held = World.Ask("p");

        World.Supervisor.Tell(PoisonPill.Instance);
        await Assert.ThrowsAsync<HyperConnException>(() => ensured);
        foreach (var asked in new[] { resolving, waiting, held })
            Assert.Equal(HyperConnErrorCode.ShuttingDown, Assert.IsType<PoolUnavailable>(await asked).Reason.Code);
    }

    [Fact]
    public async Task A_restarted_supervisor_forgets_no_permit_and_handles_revive()
    {
        Configure = options => options.Servers.MaxConnections = 2;
        var handle = await World.Get("a");
        var lease = await World.Hold("a");
        var server = lease.Pool.Shares[0].Server;
        var budget = server.Budget;
        World.Secrets.Holds = true;
        var asked = World.Ask("b");
        World.Secrets.Holds = false;

        await World.CrashSupervisor();
        Assert.Equal(HyperConnErrorCode.Internal, Assert.IsType<PoolUnavailable>(await asked).Reason.Code);
        Assert.Null(handle.Current);
        Assert.Equal(budget, server.Budget);
        Assert.Equal(1, server.Granted);

        var revived = await World.Ensure("a");
        Assert.Same(handle.Current, revived);
        var second = await PoolWorld.Take(revived);
        Assert.Equal(2, server.Granted);
        var third = revived.AcquireAsync(CancellationToken.None).AsTask();
        Assert.False(third.IsCompleted);

        // The lease from before the restart pays for the one that waits.
        lease.End();
        Assert.Equal(LeaseOutcome.Granted, (await PoolWorld.Within(third)).Outcome);
        Assert.Equal(2, server.Granted);
        second.End();
    }

    [Fact]
    public async Task A_budget_that_crashes_goes_on_with_its_books()
    {
        Configure = options => options.Servers.MaxConnections = 1;
        var lease = await World.Hold("a");
        var waiting = lease.Pool.AcquireAsync(CancellationToken.None).AsTask();
        var server = lease.Pool.Shares[0].Server;
        var budget = server.Budget;
        budget.Tell(new PermitWanted(null!));
        Assert.Equal(budget, server.Budget);
        Assert.Equal(1, server.Granted);

        lease.End();
        Assert.Equal(LeaseOutcome.Leased, (await PoolWorld.Within(waiting)).Outcome);
        Assert.Equal(1, (await PoolWorld.Within(budget.Ask<ServerStatistics>(GetServerStatistics.Instance, TimeSpan.FromDays(1)))).InUse);
    }

    [Fact]
    public async Task A_budget_that_ends_is_replaced_with_its_books()
    {
        var lease = await World.Hold("a");
        var server = lease.Pool.Shares[0].Server;
        var budget = server.Budget;
        budget.Tell(PoisonPill.Instance);
        Assert.NotEqual(budget, server.Budget);
        Assert.Equal(1, server.Granted);
        lease.End();
        await World.Evict("a");
        Assert.Equal(0, server.Granted);
    }

    [Fact]
    public async Task Pools_being_made_ask_the_next_fetcher_when_theirs_crashed()
    {
        World.Secrets.Holds = true;
        var asked = World.Ask("a");
        World.Secrets.Actor.Tell(Kill.Instance);
        World.Secrets.Release();
        Assert.IsType<PoolReady>(await asked);
    }

    [Fact]
    public async Task Live_pools_use_the_next_fetcher_when_theirs_crashed()
    {
        await World.Get("a");
        World.Secrets.Holds = true;
        var newer = new TaskCompletionSource<bool>();
        var pool = World.Pool("a");
        pool.OwnerActor().Tell(new CredentialsRefused(pool, "v1", newer));
        World.Secrets.Set(Tenant("a"), ScriptedSecrets.Uri(password: "next"), "v2");
        World.Secrets.Actor.Tell(Kill.Instance);
        World.Secrets.Release();
        Assert.True(await PoolWorld.Within(newer.Task));
        Assert.Equal("v2", pool.Credentials.SecretVersion);
        Assert.Equal(2, World.Secrets.Refetches.Count);

        World.Secrets.Set(Tenant("a"), ScriptedSecrets.Uri(password: "third"), "v3");
        World.Secrets.Actor.Tell(new ScriptedSecrets.Tell(new SecretChanged("a", "v3")));
        Assert.Equal("v3", pool.Credentials.SecretVersion);
    }
}
