using HyperConn.Pools;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Diagnostics;

/// <summary>Bans and pauses of operators.</summary>
public sealed class OperatorRestrictionSpecs
{
    [Fact]
    public void Bans_beat_pauses_end_by_themselves_and_are_lifted_on_their_own_target_only()
    {
        var clock = new FakeTimeProvider(Samples.Now);
        var restrictions = new OperatorRestrictions(clock);
        var tenant = TenantKey.Create("core", "org1");
        OperatorRestriction Make(OperatorTarget target, RestrictionKind kind, DateTimeOffset? until = null) => new(target, kind, "mia", "why", Samples.Now, until);
        restrictions.Set(Make(OperatorTarget.Everything, RestrictionKind.Paused));
        restrictions.Set(Make(new OperatorTarget.Tenant(tenant), RestrictionKind.Banned, Samples.Now.AddMinutes(1)));
        restrictions.Set(Make(new OperatorTarget.Server(ServerEndpoint.Parse("PG1:5432")), RestrictionKind.Paused));

        Assert.Equal(RestrictionKind.Banned, restrictions.OfTenant(tenant)!.Kind);
        Assert.Equal(RestrictionKind.Paused, restrictions.OfServer(new ServerEndpoint("pg1", 5432))!.Kind);
        Assert.False(restrictions.Lift(new OperatorTarget.Tenant(TenantKey.Create("core", "org2"))));

        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(RestrictionKind.Paused, restrictions.OfTenant(tenant)!.Kind);
        Assert.True(restrictions.Lift(OperatorTarget.Everything));
        Assert.Null(restrictions.OfTenant(tenant));
        Assert.Single(restrictions.All);
    }

    [Theory]
    [InlineData("", "why", 60)]
    [InlineData("mia", " ", 60)]
    [InlineData("mia", "why\nthen", 60)]
    [InlineData("mia", "why", 0)]
    [InlineData("mia", "why", 999_999_999)]
    public void A_command_without_who_why_or_a_sane_time_is_at_fault(string by, string reason, int seconds) =>
        Assert.NotNull(new BanTenants(OperatorTarget.Everything, by, reason, TimeSpan.FromSeconds(seconds)).Fault());
}
