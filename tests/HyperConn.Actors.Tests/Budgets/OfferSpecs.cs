namespace HyperConn.Tests.Budgets;

/// <summary>What a pool may answer when it is offered a permit, and what becomes of the permit and of the open it would have been for.</summary>
public class OfferSpecs
{
    [Fact]
    public void For_whom_a_permit_was_of_no_use_it_is_offered_again_after_a_pause_and_others_have_it_meanwhile()
    {
        var server = TwoAndOneAtOnce();
        var first = server.Pool("away");
        first.IsNotReady = true;
        first.Call();
        Assert.Equal(server.Tuning.NotNowInterval, server.Ledger.NextDue());

        var other = server.Pool("there");
        other.Call();
        other.EndOpen();
        Assert.Equal(["there"], server.Grants);

        first.IsNotReady = false;
        server.Advance(server.Tuning.NotNowInterval);
        Assert.Equal(["there", "away"], server.Grants);
        Assert.Null(server.Ledger.NextDue());
    }

    [Fact]
    public void A_permit_kept_for_another_hosts_takes_no_open_and_counts()
    {
        var server = TwoAndOneAtOnce();
        server.Pool("several", parks: true).Call();
        Assert.Equal((0, 1, 0), (server.Ledger.Opening, server.Ledger.Granted, server.State.OpenSlots.Taken));

        server.Pool("one").Call();
        Assert.Equal(["several", "one"], server.Grants);
        server.Pool("beyond").Call();
        Assert.Equal(2, server.Ledger.Granted);
    }

    [Fact]
    public void A_declined_permit_takes_no_open()
    {
        var server = TwoAndOneAtOnce();
        var left = server.BusyPool("busy", 2);
        var gone = server.Pool("gone");
        gone.Call();
        gone.GiveUp();
        server.Pool("next").Call();

        left.Die();

        Assert.Equal(["busy", "busy", "next"], server.Grants);
        Assert.Equal((1, 0), (server.State.OpenSlots.Taken, server.Ledger.Registered));
    }

    private static SimulatedServer TwoAndOneAtOnce() => new(new ServerOptions { MaxConnections = 2, MaxConcurrentOpens = 1 });
}
