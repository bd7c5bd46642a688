using HyperConn.Tests.Pools;

namespace HyperConn.Tests.Diagnostics;

public class OperatorActionSpecs : PoolSpec
{
    [Fact]
    public async Task What_an_operator_does_is_an_event_that_says_who_did_what_to_whom_and_why()
    {
        await World.Get("a");

        await World.AskFor<OperatorReply>(new DrainTenants(new OperatorTarget.Tenant(Tenant("a")), "mia", "moves to another server"));

        var happened = Assert.Single(World.Events.After(0), e => e.Kind == OperatorEventKind.OperatorAction);
        Assert.Equal((Tenant("a"), "Drain", "mia"), (happened.Tenant!.Value, happened.Detail, happened.By));
        Assert.Contains("tenant core/a", happened.Message, StringComparison.Ordinal);
        Assert.Contains("moves to another server", happened.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_operator_does_to_a_server_is_an_event_of_that_server()
    {
        await World.AskFor<OperatorReply>(new PauseTenants(new OperatorTarget.Server(new ServerEndpoint("pg1", 5432)), "mia", "upgrade"));

        var happened = Assert.Single(World.Events.After(0), e => e.Kind == OperatorEventKind.OperatorAction);
        Assert.Equal((null, "pg1:5432", "Pause"), (happened.Tenant, Assert.Single(happened.Servers).ToString(), happened.Detail));
    }

    [Fact]
    public async Task A_command_that_is_refused_is_no_event()
    {
        var reply = await World.AskFor<OperatorReply>(new PauseTenants(OperatorTarget.Everything, By: "", Reason: "why"));

        Assert.False(reply.Accepted);
        Assert.DoesNotContain(World.Events.After(0), e => e.Kind == OperatorEventKind.OperatorAction);
    }
}
