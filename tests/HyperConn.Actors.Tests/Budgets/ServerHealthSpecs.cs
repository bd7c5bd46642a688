using FsCheck;
using FsCheck.Fluent;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Budgets;

public class ServerHealthSpecs
{
    private static readonly TenantKey A = TenantKey.Create("core", "a");
    private static readonly TenantKey B = TenantKey.Create("core", "b");

    private readonly FakeTimeProvider _time = new();
    private readonly ServerHealth _health;

    public ServerHealthSpecs() => _health = new ServerHealth(_time, new FixedRandom(0.5));

    private static HyperConnFailure Away { get; } = new(HyperConnErrorCode.ServerUnreachable, "Away.");

    [Fact]
    public void The_epoch_is_odd_while_the_server_is_away_and_another_when_it_is_back()
    {
        Assert.False(_health.ReportReachable());
        Assert.Equal(0, _health.Epoch);
        Assert.True(_health.ReportUnreachable(Away, CircuitPass.Closed));
        Assert.False(_health.ReportUnreachable(Away, CircuitPass.Closed));
        Assert.Equal(1, _health.Epoch);
        Assert.True(_health.ReportReachable());
        Assert.False(_health.ReportReachable());
        Assert.Equal(2, _health.Epoch);
    }

    [Fact]
    public void What_answered_before_the_server_was_known_to_be_away_proves_nothing()
    {
        _health.NoteOpened(10);
        _health.ReportUnreachable(Away, CircuitPass.Closed);
        Assert.Equal(0, _health.Prove(0, openedAt: 10, now: 20));
        _health.ReportReachable();
        Assert.Equal(IdleTrust.Lost, _health.Judge(0, out _));
    }

    [Fact]
    public void A_broken_connection_puts_everything_older_in_doubt_and_nothing_is_closed_for_it()
    {
        _health.NoteOpened(10);
        Assert.True(_health.Doubt());
        Assert.Equal(IdleTrust.Probe, _health.Judge(0, out var epoch));
        Assert.Equal((2, false), (epoch, _health.Circuit.IsOpen));
        Assert.False(_health.Doubt());
    }

    [Fact]
    public void One_session_from_before_the_doubt_that_answers_clears_all_tenants()
    {
        _health.NoteOpened(10);
        _health.NoteReturned(500, openedAt: 10);
        _health.Doubt();
        Assert.Equal(2, _health.Prove(0, openedAt: 10, now: 600));
        Assert.Equal(IdleTrust.Trusted, _health.Judge(0, out _));
    }

    [Fact]
    public void A_session_opened_after_the_last_proof_speaks_for_itself_only()
    {
        _health.NoteOpened(10);
        _health.Doubt();
        Assert.Equal(2, _health.Prove(0, openedAt: 400, now: 600));
        Assert.Equal(IdleTrust.Probe, _health.Judge(0, out _));
        Assert.Equal(IdleTrust.Trusted, _health.Judge(2, out _));
    }

    [Fact]
    public void Silence_for_longer_than_a_proof_lasts_is_a_doubt_and_answers_in_time_are_none()
    {
        _health.NoteOpened(0);
        _health.NoteReturned(900, openedAt: 0);
        _health.DoubtIfSilent(1_800);
        Assert.Equal(0, _health.Epoch);
        _health.DoubtIfSilent(1_901);
        Assert.Equal(2, _health.Epoch);
        _health.DoubtIfSilent(9_000);
        Assert.Equal(2, _health.Epoch);
    }

    [Fact]
    public void Connections_that_come_back_whole_extend_an_answer_for_five_seconds_and_no_longer()
    {
        _health.NoteOpened(0);
        for (var now = 500L; now <= 60_000; now += 500)
        {
            _health.NoteReturned(now, openedAt: 0);
            _health.DoubtIfSilent(now);
            Assert.Equal(now > ServerHealth.AnswerLasts + ServerHealth.ProofLasts ? 2 : 0, _health.Epoch);
        }

        Assert.Equal(2, _health.Prove(0, openedAt: 0, now: 60_000));
        _health.NoteReturned(64_000, openedAt: 0);
        _health.DoubtIfSilent(64_900);
        Assert.Equal(2, _health.Epoch);
    }

    [Fact]
    public void A_session_opened_since_the_last_answer_does_not_prove_older_ones_whatever_came_back_meanwhile()
    {
        _health.NoteOpened(0);
        _health.NoteReturned(3_000, openedAt: 0);
        _health.Doubt();
        _health.Prove(0, openedAt: 2_000, now: 3_100);
        Assert.Equal(IdleTrust.Probe, _health.Judge(0, out _));
    }

    [Fact]
    public void What_a_session_returns_that_is_younger_than_the_last_proof_proves_nothing()
    {
        _health.NoteOpened(0);
        _health.NoteReturned(900, openedAt: 500);
        _health.DoubtIfSilent(1_001);
        Assert.Equal(2, _health.Epoch);
    }

    [Fact]
    public void What_is_left_from_before_an_outage_is_lost_also_when_a_doubt_follows()
    {
        _health.NoteOpened(0);
        _health.ReportUnreachable(Away, CircuitPass.Closed);
        Assert.Equal(IdleTrust.Lost, _health.Judge(0, out _));
        _health.ReportReachable();
        Assert.Equal(IdleTrust.Lost, _health.Judge(0, out var epoch));
        Assert.Equal(2, epoch);
        _health.NoteOpened(100);
        _health.Doubt();
        Assert.Equal(IdleTrust.Lost, _health.Judge(0, out _));
        Assert.Equal(IdleTrust.Probe, _health.Judge(2, out _));
        _health.Prove(0, openedAt: 0, now: 200);
        Assert.Equal(IdleTrust.Lost, _health.Judge(0, out _));
    }

    [Fact]
    public void Broken_connections_tell_nothing_new_of_a_server_that_is_away()
    {
        _health.NoteOpened(0);
        _health.ReportUnreachable(Away, CircuitPass.Closed);
        Assert.False(_health.Doubt());
        Assert.Equal(1, _health.Epoch);
    }

    [Fact]
    public async Task An_outage_is_probed_soon_at_first_then_every_second_and_never_less_than_every_five()
    {
        _health.ReportUnreachable(Away, CircuitPass.Closed);
        var pauses = new List<double>();
        for (var failure = 0; failure < 40; failure++)
        {
            var pause = _health.Circuit.Cause!.RetryAt!.Value - _time.GetUtcNow();
            pauses.Add(Math.Round(pause.TotalSeconds, 3));
            _time.Advance(pause);
            _health.ReportUnreachable(Away, await _health.Circuit.EnterAsync(_time, _time.GetUtcNow(), CancellationToken.None));
        }

        Assert.Equal([0.1, 0.2, 0.4, 0.8, .. Enumerable.Repeat(1.0, 30), .. Enumerable.Repeat(5.0, 6)], pauses);
    }

    [Fact]
    public void One_tenant_without_an_answer_among_others_may_try_again()
    {
        Assert.Equal(NoAnswerMeans.Unknown, _health.ReportNoAnswer(A, alone: false));
        Assert.Equal(NoAnswerMeans.Unknown, _health.ReportNoAnswer(A, alone: false));
    }

    [Fact]
    public void A_tenant_that_has_the_server_to_itself_speaks_for_it() =>
        Assert.Equal(NoAnswerMeans.Server, _health.ReportNoAnswer(A, alone: true));

    [Fact]
    public void Two_tenants_without_an_answer_speak_for_the_server()
    {
        _health.ReportNoAnswer(A, alone: false);
        Assert.Equal(NoAnswerMeans.Server, _health.ReportNoAnswer(B, alone: false));
    }

    [Fact]
    public void Who_gets_no_answer_while_another_does_speaks_for_itself_only()
    {
        _health.ReportNoAnswer(A, alone: false);
        _health.ReportReachable(B);
        Assert.Equal(NoAnswerMeans.Tenant, _health.ReportNoAnswer(A, alone: false));
        Assert.Equal(NoAnswerMeans.Tenant, _health.ReportNoAnswer(A, alone: false));
        Assert.Equal(NoAnswerMeans.Unknown, _health.ReportNoAnswer(B, alone: false));
        Assert.False(_health.Circuit.IsOpen);
    }

    [Fact]
    public void Who_is_answered_again_is_believed_again()
    {
        _health.ReportNoAnswer(A, alone: false);
        _health.ReportReachable(B);
        _health.ReportReachable(A);
        Assert.Equal(NoAnswerMeans.Unknown, _health.ReportNoAnswer(A, alone: false));
    }

    [Fact]
    public void What_was_missed_while_the_server_was_away_is_held_against_nobody()
    {
        _health.ReportNoAnswer(A, alone: false);
        _health.ReportUnreachable(Away, CircuitPass.Closed);
        _health.ReportReachable(B);
        Assert.Equal(NoAnswerMeans.Unknown, _health.ReportNoAnswer(A, alone: false));
    }

    [Fact]
    public void Whatever_is_reported_the_epoch_only_grows_and_is_odd_exactly_while_the_circuit_is_open() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Arb.From(Gen.ListOf(Gen.Choose(0, 4))), reports =>
        {
            var (time, epoch) = (new FakeTimeProvider(), 0);
            var health = new ServerHealth(time);
            foreach (var report in reports)
            {
                switch (report)
                {
                    case 0:
                        health.ReportReachable();
                        break;
                    case 1:
                        health.ReportUnreachable(Away, CircuitPass.Closed);
                        break;
                    case 2:
                        health.Doubt();
                        break;
                    case 3:
                        health.NoteOpened(epoch);
                        break;
                    default:
                        time.Advance(TimeSpan.FromMilliseconds(600));
                        health.DoubtIfSilent(10_000);
                        break;
                }

                Assert.InRange(health.Epoch, epoch, epoch + 2);
                Assert.Equal(health.Circuit.IsOpen, (health.Epoch & 1) == 1);
                epoch = health.Epoch;
            }
        }));
}
