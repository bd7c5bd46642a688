using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>Two pools of one server, and what the connections of one say about those of the other.</summary>
public class GenerationTrustSpecs
{
    private readonly FakeTimeProvider _time = new();
    private readonly CoarseClock _clock;
    private readonly ServerHealth _health;

    public GenerationTrustSpecs()
    {
        _clock = new CoarseClock(_time);
        _health = new ServerHealth(_time, new FixedRandom(0.5));
    }

    [Fact]
    public void A_doubt_sends_every_pool_to_the_slow_path_and_one_old_session_that_answers_clears_all()
    {
        var (one, other) = (Opened(), Opened());
        Pass(500);
        _health.Doubt();
        Assert.Equal((false, false), (one.IsCurrent, other.IsCurrent));
        Assert.Equal(IdleTrust.Probe, one.Judge(out _));
        one.NoteAnswered();
        Assert.Equal(IdleTrust.Trusted, other.Judge(out _));
        Assert.Equal((true, true), (one.IsCurrent, other.IsCurrent));
    }

    [Fact]
    public void After_an_outage_what_a_pool_has_is_lost_until_it_has_taken_over_the_epoch()
    {
        var trust = Opened();
        _health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        _health.ReportReachable();
        Assert.Equal(IdleTrust.Lost, trust.Judge(out var epoch));
        Assert.False(trust.IsCurrent);
        trust.Trust(epoch);
        Assert.True(trust.IsCurrent);
    }

    [Fact]
    public void A_session_opened_while_the_server_was_away_makes_nothing_trusted()
    {
        var trust = Opened();
        _health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        trust.NoteOpened(_health.Epoch);
        Assert.False(trust.IsCurrent);
    }

    [Fact]
    public void Connections_asked_always_are_asked_and_those_that_never_are_are_not()
    {
        Assert.True(Make(TimeSpan.Zero).AsksAlways);
        Assert.False(Make(TimeSpan.FromSeconds(30)).AsksAlways);
        Assert.False(Make(null).AsksAlways);
    }

    private GenerationTrust Make(TimeSpan? validateAfter) => new(_health, _clock, validateAfter, accesses: 0);

    private GenerationTrust Opened()
    {
        var trust = Make(TimeSpan.FromSeconds(30));
        trust.NoteOpened(_health.Epoch);
        return trust;
    }

    private void Pass(int milliseconds) => _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
}
