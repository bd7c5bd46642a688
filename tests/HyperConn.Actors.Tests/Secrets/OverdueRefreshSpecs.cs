using HyperConn.Secrets;

namespace HyperConn.Tests;

public sealed class OverdueRefreshSpecs : SecretFetcherSpec
{
    public OverdueRefreshSpecs()
    {
        Options.HardLimit = TimeSpan.FromDays(20);
        Store.Put("martech-org1", Text("postgresql://one"), "v1");
        Fetch("org1");
    }

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private TimeSpan Overdue => Statistics().RefreshOverdue;

    [Fact]
    public void A_secret_nobody_uses_is_never_overdue_however_old_it_grows()
    {
        Pass(TimeSpan.FromDays(10));

        Assert.Equal(TimeSpan.Zero, Overdue);
    }

    [Fact]
    public void A_secret_in_use_that_can_not_be_refreshed_is_overdue_since_the_first_use_that_wanted_it()
    {
        Pass(TimeSpan.FromDays(10));
        Store.Fail("martech-org1", HyperConnErrorCode.StoreUnavailable);

        UseFor(30);

        Assert.InRange(Overdue, 29 * Minute, 31 * Minute);
    }

    [Fact]
    public void Of_several_the_longest_overdue_counts()
    {
        Pass(TimeSpan.FromDays(10));
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        UseFor(10);
        Say(new RevalidateSecret("org2"));
        UseFor(1);
        Assert.InRange(Overdue, 10 * Minute, 12 * Minute);
    }

    [Fact]
    public void It_is_overdue_no_more_once_the_refresh_came()
    {
        Pass(TimeSpan.FromDays(10));
        Store.Fail("martech-org1", HyperConnErrorCode.StoreUnavailable);
        UseFor(30);
        Store.Put("martech-org1", Text("postgresql://one"), "v1");

        UseFor(3);

        AwaitAssert(() => Assert.Equal(TimeSpan.Zero, Overdue));
    }

    [Fact]
    public void It_is_overdue_no_more_when_uses_end_and_begins_anew_with_the_next()
    {
        Pass(TimeSpan.FromDays(10));
        Store.Fail("martech-org1", HyperConnErrorCode.StoreUnavailable);
        UseFor(30);

        Pass(OverdueRefresh.WantedFor + Minute);
        Assert.Equal(TimeSpan.Zero, Overdue);

        UseFor(3);
        Assert.InRange(Overdue, 2 * Minute, 4 * Minute);
    }

    // As a pool does that opens a connection with credentials past their time.
    private void UseFor(int minutes)
    {
        for (var i = 0; i < minutes; i++)
        {
            Say(new RevalidateSecret("org1"));
            Pass(Minute);
        }
    }
}
