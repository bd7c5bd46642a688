using HyperConn.Pools;

namespace HyperConn.Tests.Pools;

/// <summary>What is wrong with an operator's command, and what those it concerns are told.</summary>
public class OperatorProtocolSpecs : PoolSpec
{
    public static TheoryData<string, OperatorTarget?> Targets => new()
    {
        { "The command names no target.", null },
        { "The command names no tenant.", new OperatorTarget.Tenant(default) },
        { "The command names no server.", new OperatorTarget.Server(default) },
    };

    [Theory]
    [MemberData(nameof(Targets), DisableDiscoveryEnumeration = true)]
    public async Task A_command_must_say_whom_it_is_about(string fault, OperatorTarget? target)
    {
        var command = new DrainTenants(target!, "mia", "why");
        Assert.Equal(fault, command.Fault());
        var reply = await World.AskFor<OperatorReply>(command);
        Assert.Equal((false, fault), (reply.Accepted, reply.Message));
    }

    [Theory]
    [InlineData(null, "why", "Say who asks.")]
    [InlineData(" ", "why", "Say who asks.")]
    [InlineData("mia", null, "Say why: the reason is logged.")]
    [InlineData("mia", "", "Say why: the reason is logged.")]
    [InlineData("mia\n", "why", "The name of who asks must be at most 200 characters and have no control characters.")]
    [InlineData("mia", "why\u001b", "The reason must be at most 500 characters and have no control characters.")]
    [InlineData("mia", "why", null)]
    public void A_command_must_say_who_asks_and_why(string? by, string? reason, string? fault)
    {
        foreach (OperatorTarget target in new OperatorTarget[] { OperatorTarget.Everything, new OperatorTarget.Tenant(Tenant("a")), new OperatorTarget.Server(new ServerEndpoint("db1", 5432)) })
            Assert.Equal(fault, new RefreshTenants(target, by!, reason!).Fault());
    }

    [Theory]
    [InlineData(200, 500, null)]
    [InlineData(201, 500, "The name of who asks")]
    [InlineData(200, 501, "The reason")]
    public void Neither_is_longer_than_a_line_bears(int by, int reason, string? fault)
    {
        var said = new ResumeTenants(OperatorTarget.Everything, new string('m', by), new string('w', reason)).Fault();
        if (fault is null)
            Assert.Null(said);
        else
            Assert.StartsWith(fault, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(30 * 86_400, true)]
    [InlineData((30 * 86_400) + 1, false)]
    public void A_ban_lasts_up_to_thirty_days(int seconds, bool isWell) =>
        Assert.Equal(isWell, new BanTenants(OperatorTarget.Everything, "mia", "why", TimeSpan.FromSeconds(seconds)).Fault() is null);

    [Fact]
    public void Those_it_concerns_are_told_what_who_and_why()
    {
        var since = World.Time.GetUtcNow();
        Assert.Equal("All tenants were paused by mia and not resumed in time: works", Told(OperatorTarget.Everything, RestrictionKind.Paused));
        Assert.Equal(
            "Server db1:5432 was paused by mia and not resumed in time: works",
            Told(new OperatorTarget.Server(new ServerEndpoint("db1", 5432)), RestrictionKind.Paused));
        Assert.StartsWith("Tenant core/a was banned by mia until ", Told(new OperatorTarget.Tenant(Tenant("a")), RestrictionKind.Banned), StringComparison.Ordinal);

        string Told(OperatorTarget target, RestrictionKind kind) => OperatorRestrictions.Failure(
            new OperatorRestriction(target, kind, "mia", "works", since, kind == RestrictionKind.Banned ? since.AddHours(1) : null), Tenant("a")).Message;
    }
}
