using HyperConn.Secrets;

namespace HyperConn.Tests;

/// <summary>The clock on the wall is set back or forward by an hour; what was to happen happens after as much time as before.</summary>
public sealed class SecretClockSpecs : SecretFetcherSpec
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static TheoryData<int> Steps => new(-1, 1);

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_failure_is_remembered_for_its_time_and_says_when_on_the_clock_that_people_see(int hours)
    {
        FetchFails("org1");
        Clock.WallClockStep = TimeSpan.FromHours(hours);
        Pass(Options.FailureTimeToLive - Second);
        Assert.Equal(Clock.GetUtcNow() + Second, FetchFails("org1").RetryAt);
        CallCount(1);
        Pass(Second);
        Store.Put("martech-org1", Text("postgresql://one"));
        Fetch("org1");
        CallCount(2);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_store_that_was_down_is_tried_again_after_its_pause(int hours)
    {
        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Ask("a");
        Ask("b");
        Pass(Options.BatchWindow);
        ExpectMsg<CredentialsMissing>();
        ExpectMsg<CredentialsMissing>();
        Clock.WallClockStep = TimeSpan.FromHours(hours);
        Store.FailAll(null);
        Store.Put("martech-c", Text("postgresql://c"));
        Pass(Options.FailureTimeToLive - Second);
        Assert.Equal((HyperConnErrorCode.StoreUnavailable, Clock.GetUtcNow() + Second), (FetchFails("c") is var early ? early.Code : default, early.RetryAt));
        Pass(Second);
        Fetch("c");
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_cached_secret_grows_stale_and_ends_at_its_age(int hours)
    {
        Store.Put("martech-org1", Text("postgresql://one"), "v1");
        Fetch("org1");
        Clock.WallClockStep = TimeSpan.FromHours(hours);
        Pass(Options.TimeToLive - Second);
        Fetch("org1");
        CallCount(1);
        Pass(Second);
        Ask("org1");
        ExpectMsg<CredentialsFound>();
        Pass(Options.BatchWindow);
        CallCount(2);

        Store.FailAll(HyperConnErrorCode.StoreUnavailable);
        Clock.WallClockStep = TimeSpan.Zero;
        Pass(Options.HardLimit - Second);
        Assert.Equal("v1", Fetch("org1").VersionId);
        Pass(Second);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, FetchFails("org1").Code);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Refetches_are_counted_within_a_minute_of_real_time(int hours)
    {
        Store.Put("martech-org1", Text("postgresql://old"), "v1");
        Fetch("org1");
        for (var i = 0; i < Options.MaxRefetchesPerMinute; i++)
            Refetch();
        CallCount(1 + Options.MaxRefetchesPerMinute);
        Clock.WallClockStep = TimeSpan.FromHours(hours);
        Refetch();
        CallCount(1 + Options.MaxRefetchesPerMinute);
        Pass(TimeSpan.FromMinutes(1));
        Refetch();
        CallCount(2 + Options.MaxRefetchesPerMinute);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_store_that_throttles_is_asked_at_its_pace(int hours)
    {
        Options.BatchWindow = TimeSpan.Zero;
        Store.FailAll(HyperConnErrorCode.StoreThrottled);
        Ask("a");
        ExpectMsg<CredentialsMissing>();
        Store.FailAll(null);
        Clock.WallClockStep = TimeSpan.FromHours(hours);
        Ask("b");
        CallCount(1);
        Pass(Second);
        CallCount(2);
    }

    private void Refetch()
    {
        Say(new RefetchCredentials(Tenant("org1"), "v1"));
        Pass(Options.BatchWindow);
        ExpectMsg<CredentialsFound>();
    }
}
