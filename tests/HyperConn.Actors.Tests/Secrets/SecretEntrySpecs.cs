using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Secrets;

/// <summary>How long a failure of one secret is remembered, and what ends that.</summary>
public class SecretEntrySpecs
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Fixed = TimeSpan.FromSeconds(7);

    private readonly MonotonicClock _clock = new(new FakeTimeProvider());
    private readonly SecretEntry _entry;

    public SecretEntrySpecs() =>
        _entry = new SecretEntry("org1", "martech-org1", _clock, new Backoff(new Jitter(new FixedRandom(1)), First, TimeSpan.FromHours(1)));

    private TimeSpan FailWith(HyperConnErrorCode code)
    {
        _entry.Remember(new HyperConnFailure(code, "No."), Fixed);
        return _entry.FailureLeft;
    }

    private TimeSpan FailInStore() => FailWith(HyperConnErrorCode.StoreUnavailable);

    private void Accept(string version = "v1")
    {
        var found = new SecretResult.Found("""{"core-postgresql":"postgresql://db1"}""", version);
        Assert.True(SecretDocument.TryParse("martech-org1", found, out var document, out var fault), fault);
        _entry.Accept(document, TimeSpan.FromHours(1), TimeSpan.FromHours(2));
    }

    [Fact]
    public void A_store_that_fails_is_left_alone_for_longer_each_time_and_a_secret_that_is_not_there_is_not()
    {
        Assert.Equal([First, 2 * First, 4 * First], [FailInStore(), FailInStore(), FailInStore()]);
        Assert.Equal([Fixed, Fixed], [FailWith(HyperConnErrorCode.SecretNotFound), FailWith(HyperConnErrorCode.SecretNotFound)]);
        Assert.Equal(First, FailInStore());
    }

    [Fact]
    public void What_is_forgotten_or_mended_begins_anew()
    {
        FailInStore();
        _entry.ForgetFailure();
        Assert.Equal(TimeSpan.Zero, _entry.FailureLeft);
        Assert.Equal(First, FailInStore());

        Accept();
        Assert.Null(_entry.Failure);
        Assert.Equal(First, FailInStore());
    }

    [Fact]
    public void While_a_secret_serves_each_of_its_failures_is_left_alone_for_longer()
    {
        Accept();
        Assert.Equal([First, 2 * First], [FailWith(HyperConnErrorCode.SecretNotFound), FailWith(HyperConnErrorCode.AccessDenied)]);
    }

    [Theory]
    [InlineData(true, HyperConnErrorCode.StoreUnavailable, true)]
    [InlineData(true, HyperConnErrorCode.StoreThrottled, true)]
    [InlineData(true, HyperConnErrorCode.SecretNotFound, false)]
    [InlineData(false, HyperConnErrorCode.StoreUnavailable, false)]
    public void A_change_is_still_to_be_read_where_the_store_itself_failed(bool isForChange, HyperConnErrorCode code, bool isPending)
    {
        _entry.ChangePending = isForChange;
        _entry.BeginFetch();
        Assert.False(_entry.ChangePending);
        FailWith(code);
        Assert.Equal(isPending, _entry.ChangePending);
    }

    [Fact]
    public void A_change_announced_while_the_secret_is_being_read_calls_for_another_fetch_and_one_before_does_not()
    {
        _entry.State = FetchState.Queued;
        _entry.ChangePending = true;
        Assert.False(_entry.End().Again);

        _entry.BeginFetch();
        Assert.False(_entry.End().Again);

        _entry.BeginFetch();
        _entry.ChangePending = true;
        Assert.True(_entry.End().Again);
    }
}
