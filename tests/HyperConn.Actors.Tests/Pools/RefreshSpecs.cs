using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>A refresh ends what is remembered of failures, of those it is about and of nobody else.</summary>
public class RefreshSpecs : PoolSpec
{
    private static readonly HyperConnFailure Away = new(HyperConnErrorCode.ServerUnreachable, "Away.");
    private static readonly HyperConnFailure Refused = new(HyperConnErrorCode.LoginRefused, "No.");

    private async Task Make(string org, string host)
    {
        World.Secrets.Set(Tenant(org), ScriptedSecrets.Uri(host: host), "v1");
        await World.Get(org);
        World.Handle(org).Login.Failed(Refused, CircuitPass.Closed);
        World.Pool(org).Health.ReportUnreachable(Away, CircuitPass.Closed);
    }

    private Task<OperatorReply> Refresh(OperatorTarget target) => World.AskFor<OperatorReply>(new RefreshTenants(target, "ops", "mended"));

    private bool IsRemembered(string org) => World.Handle(org).Login.IsOpen;

    private bool IsAway(string org) => World.Pool(org).Health.Circuit.IsOpen;

    [Fact]
    public async Task Of_a_server_its_tenants_and_itself()
    {
        await Make("a", "db1");
        await Make("b", "db2");
        await Make("evicted", "db1");
        await World.Evict("evicted");
        Assert.Equal(1, (await Refresh(new OperatorTarget.Server(new ServerEndpoint("db1", 5432)))).Affected);
        Assert.Equal((false, true), (IsRemembered("a"), IsRemembered("b")));
        Assert.Equal((false, true), (IsAway("a"), IsAway("b")));

        // One without a pool is on no server.
        Assert.True(IsRemembered("evicted"));
    }

    [Fact]
    public async Task Of_a_tenant_what_it_met_and_not_what_all_of_its_server_did()
    {
        await Make("a", "db1");
        await Make("b", "db1");
        Assert.Equal(1, (await Refresh(new OperatorTarget.Tenant(Tenant("a")))).Affected);
        Assert.Equal((false, true), (IsRemembered("a"), IsRemembered("b")));
        Assert.True(IsAway("a"));
    }

    [Fact]
    public async Task Of_everything_everything()
    {
        await Make("a", "db1");
        await Make("b", "db2");
        Assert.Equal(2, (await Refresh(OperatorTarget.Everything)).Affected);
        Assert.False(IsRemembered("a") || IsRemembered("b") || IsAway("a") || IsAway("b"));
    }

    [Theory]
    [InlineData("server", false, true)]
    [InlineData("all", false, false)]
    [InlineData("tenant", true, true)]
    public async Task Behind_poolers_each_tenants_own_view_of_its_server(string target, bool aIsAway, bool bIsAway)
    {
        await Make("first", "db1");
        await Make("second", "db2");
        foreach (var server in World.Runtime.Servers.Values)
            server.Kind = ServerKind.Pooler;
        await Make("a", "db1");
        await Make("b", "db2");
        Assert.True(World.Pool("a").View.HasOwnHealth);
        await Refresh(target switch
        {
            "server" => new OperatorTarget.Server(new ServerEndpoint("db1", 5432)),
            "tenant" => new OperatorTarget.Tenant(Tenant("a")),
            _ => OperatorTarget.Everything,
        });
        Assert.Equal((aIsAway, bIsAway), (IsAway("a"), IsAway("b")));
    }

    [Fact]
    public async Task Of_an_organisation_that_has_a_pool_and_one_that_could_not_be_made_both()
    {
        World.Secrets.Fail(Tenant("acme", "billing"), HyperConnErrorCode.KeyNotFound, retryIn: TimeSpan.FromMinutes(1));
        Assert.IsType<PoolUnavailable>(await World.Ask(Tenant("acme", "billing")));
        await World.Get("acme");
        World.Secrets.Set(Tenant("acme", "billing"), ScriptedSecrets.Uri(), "v2");
        await World.AskFor<SecretRefreshed>(new RefreshPool(Tenant("acme")));
        Assert.IsType<PoolReady>(await World.Ask(Tenant("acme", "billing")));
    }

    [Fact]
    public void What_restrictions_refused_is_forgotten_without_what_else_failed_in_the_organisation()
    {
        var memory = new FailureMemory(World.Runtime.Monotonic, TimeSpan.FromSeconds(1));
        var now = World.Time.GetUtcNow();
        HyperConnFailure Failure(HyperConnErrorCode code, int seconds) => new(code, "No.", RetryAt: now.AddSeconds(seconds));
        memory.Remember(Tenant("acme"), Failure(HyperConnErrorCode.Banned, 60));
        memory.Remember(Tenant("acme", "reports"), Failure(HyperConnErrorCode.Paused, 60));
        memory.Remember(Tenant("acme", "billing"), Failure(HyperConnErrorCode.KeyNotFound, 60));
        memory.Remember(Tenant("acme", "soon"), Failure(HyperConnErrorCode.KeyNotFound, 1));
        memory.Remember(Tenant("acme", "nothing"), new HyperConnFailure(HyperConnErrorCode.Internal, "No."));

        Assert.Equal(["core", "reports"], memory.ForgetRestrictions().Select(tenant => tenant.Service).Order(StringComparer.Ordinal));
        World.Pass(TimeSpan.FromSeconds(2));
        memory.ForgetExpired();
        Assert.Equal(1, memory.Count);
        Assert.Null(memory.Of(Tenant("acme")));
        Assert.NotNull(memory.Of(Tenant("acme", "billing")));
        Assert.Equal([Tenant("acme", "billing")], memory.Forget("acme"));
        Assert.Empty(memory.Forget("acme"));
    }
}
