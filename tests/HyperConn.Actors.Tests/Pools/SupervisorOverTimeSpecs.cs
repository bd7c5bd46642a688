using System.Reflection;
using Akka.Actor;
using HyperConn.Pools;

namespace HyperConn.Tests.Pools;

/// <summary>The supervisor over time, under operators, and at its end.</summary>
public class SupervisorOverTimeSpecs : PoolSpec
{
    [Fact]
    public async Task Who_asks_to_drain_with_a_token_already_cancelled_does_not_wait_for_the_deadline()
    {
        var lease = await World.Hold("a");
        var pools = new TenantPools(World.Runtime, new ScriptedSecretStore());
        var drained = pools.DrainAllAsync(TimeSpan.FromMinutes(5), new CancellationToken(canceled: true));
        await World.Snapshot();
        Assert.Contains(1032, World.Lines.EventIds);
        lease.End();
        await PoolWorld.Within(drained);
    }

    [Fact]
    public async Task A_pause_of_a_server_remembers_nobody_whose_pool_has_given_up()
    {
        await World.Get("known");
        var server = World.Pool("known").Endpoints[0];
        await World.AskFor<OperatorReply>(new PauseTenants(new OperatorTarget.Server(server), "ops", "works"));
        for (var round = 0; round < 20; round++)
        {
            var asked = World.Ask("a");
            World.Pass(TimeSpan.FromSeconds(16));
            Assert.IsType<PoolUnavailable>(await asked);
        }

        Assert.InRange(HeldLocates(), 0, 1);

        int HeldLocates()
        {
            // The only look into it: its mailbox runs in this thread, so the actor is at rest.
            var cell = ((RepointableActorRef)World.Supervisor).Underlying;
            var actor = cell.GetType().GetProperty("Actor", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!.GetValue(cell)!;
            return ((ServerDirectory)actor.GetType().GetField("_servers", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(actor)!).Paused;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pool_that_waits_for_room_is_not_made_under_a_ban_or_a_pause(bool ban)
    {
        Configure = options =>
        {
            options.Pools.MaxPools = 1;
            options.Pools.OnCapacity = CapacityPolicy.Wait;
        };
        var lease = await World.Hold("a");
        var asked = World.Ask("b");
        var target = new OperatorTarget.Tenant(Tenant("b"));
        await World.AskFor<OperatorReply>(ban
            ? new BanTenants(target, "ops", "abuse", TimeSpan.FromHours(1))
            : new PauseTenants(target, "ops", "works"));
        lease.End();
        World.Pass(1);
        await World.Snapshot();
        Assert.DoesNotContain("b", World.Live);
        World.Pass(TimeSpan.FromSeconds(20));
        Assert.IsType<PoolUnavailable>(await asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Resuming_a_banned_server_serves_its_tenants_at_once(bool servedBefore)
    {
        if (servedBefore)
            await World.Get("a");
        var server = new OperatorTarget.Server(servedBefore ? World.Pool("a").Endpoints[0] : ServerOfScripts());
        await World.AskFor<OperatorReply>(new BanTenants(server, "ops", "abuse", TimeSpan.FromHours(1)));
        Assert.Equal(HyperConnErrorCode.Banned, (await World.GetFails("a")).Code);
        World.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(HyperConnErrorCode.Banned, (await World.GetFails("a")).Code);

        Assert.True((await World.AskFor<OperatorReply>(new ResumeTenants(server, "ops", "over"))).Accepted);
        Assert.Null(World.Handle("a").LastFailure);
        Assert.NotNull((await World.Get("a")).Current);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refresh_forgets_failures_whoever_asks_for_it(bool byOperator)
    {
        World.Secrets.Set(Tenant("a"), "no credentials at all", "v1");
        Assert.Equal(HyperConnErrorCode.SecretMalformed, (await World.GetFails("a")).Code);
        World.Secrets.Set(Tenant("a"), ScriptedSecrets.Uri(), "v2");
        Assert.Equal(HyperConnErrorCode.SecretMalformed, (await World.GetFails("a")).Code);
        if (byOperator)
            await World.AskFor<OperatorReply>(new RefreshTenants(new OperatorTarget.Tenant(Tenant("a")), "ops", "mended"));
        else
            World.Supervisor.Tell(new RefreshPool(Tenant("a")));
        await World.Snapshot();
        Assert.NotNull((await World.Get("a")).Current);
    }

    private static ServerEndpoint ServerOfScripts()
    {
        Assert.True(ConnectionStrings.PostgresCredentials.TryParse(ScriptedSecrets.Uri(), out var credentials, out _));
        return new ServerEndpoint(credentials.Hosts[0].Host, credentials.Hosts[0].Port);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(86_400_001)]
    public async Task A_drain_has_a_deadline_of_up_to_a_day(double milliseconds)
    {
        var pools = new TenantPools(World.Runtime, new ScriptedSecretStore());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => pools.DrainAllAsync(TimeSpan.FromMilliseconds(milliseconds)));
        await World.Get("still-serving");
    }
}
