using HyperConn.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Budgets;

public class CircuitSpecs
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly Circuit _circuit;

    public CircuitSpecs() => _circuit = new Circuit(_time, [Second, Second * 10]);

    private DateTimeOffset Now => _time.GetUtcNow();

    private static HyperConnFailure Failure(string message = "Away.") => new(HyperConnErrorCode.ServerUnreachable, message);

    private Task<CircuitPass> Enter(TimeSpan patience, CancellationToken cancellationToken = default) =>
        _circuit.EnterAsync(_time, Now + patience, cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);

    private async Task<CircuitPass> Probe()
    {
        _circuit.Failed(Failure(), CircuitPass.Closed);
        _time.Advance(Second);
        return await Enter(Second);
    }

    [Fact]
    public async Task Closed_it_lets_everybody_through_without_waiting()
    {
        Assert.True(_circuit.EnterAsync(_time, Now, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        Assert.Equal(CircuitPass.Closed, await Enter(TimeSpan.Zero));
    }

    [Fact]
    public async Task Who_has_no_time_until_the_next_try_is_answered_at_once_with_cause_and_time()
    {
        Assert.True(_circuit.Failed(Failure("Gone fishing."), CircuitPass.Closed));
        var answer = await Assert.ThrowsAsync<HyperConnException>(() => Enter(Second));
        Assert.Equal(("Gone fishing.", Now + Second), (answer.Failure.Message, answer.Failure.RetryAt));
    }

    [Fact]
    public async Task Waiting_for_good_is_for_nobody()
    {
        _circuit.Failed(Failure(), CircuitPass.Closed, answerAtOnce: true);
        await Assert.ThrowsAsync<HyperConnException>(() => Enter(TimeSpan.FromHours(1)));
        _time.Advance(Second);
        Assert.True((await Enter(TimeSpan.FromHours(1))).IsProbe);
        await Assert.ThrowsAsync<HyperConnException>(() => Enter(TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task A_thousand_that_wait_send_one_and_all_follow_when_it_comes_through()
    {
        _circuit.Failed(Failure(), CircuitPass.Closed);
        var waiting = Enumerable.Range(0, 1000).Select(_ => Enter(TimeSpan.FromMinutes(1))).ToList();
        _time.Advance(Second);
        var probe = await Task.WhenAny(waiting);
        Assert.True((await probe).IsProbe);
        Assert.True(_circuit.Reset());
        Assert.Single(await Task.WhenAll(waiting), pass => pass.IsProbe);
    }

    [Fact]
    public async Task Failures_in_a_row_come_further_apart()
    {
        var probe = await Probe();
        Assert.False(_circuit.Failed(Failure(), probe));
        Assert.Equal((2, Now + (Second * 10)), (_circuit.Failures, _circuit.Cause!.RetryAt));
        _time.Advance(Second * 10);
        _circuit.Failed(Failure(), await Enter(Second));
        Assert.Equal(Now + (Second * 10), _circuit.Cause!.RetryAt);
        _circuit.Reset();
        _circuit.Failed(Failure(), CircuitPass.Closed);
        Assert.Equal(Now + Second, _circuit.Cause!.RetryAt);
    }

    [Fact]
    public void Jitter_keeps_within_its_share()
    {
        foreach (var (draw, expected) in new[] { (0.0, 0.9), (0.5, 1.0), (1.0, 1.1) })
        {
            var circuit = new Circuit(_time, [Second], jitter: 0.2, new FixedRandom(draw));
            circuit.Failed(Failure(), CircuitPass.Closed);
            Assert.Equal(expected, (circuit.Cause!.RetryAt - Now)!.Value.TotalSeconds, precision: 6);
        }
    }

    [Fact]
    public async Task A_probe_that_gives_up_leaves_the_try_to_the_next()
    {
        var probe = await Probe();
        var next = Enter(Second);
        Assert.False(next.IsCompleted);
        _circuit.ProbeAbandoned(probe);
        Assert.True((await next).IsProbe);
        Assert.NotEqual(probe, await next);
    }

    [Fact]
    public async Task A_probe_that_was_overtaken_does_not_end_anothers_turn()
    {
        var late = await Probe();
        _circuit.Reset();
        var probe = await Probe();
        _circuit.ProbeAbandoned(late);
        Assert.False(_circuit.Failed(Failure("Late."), late));
        var next = Enter(Second);
        Assert.False(next.IsCompleted);
        Assert.Equal("Away.", _circuit.Cause!.Message);
        _circuit.ProbeAbandoned(probe);
        Assert.True((await next).IsProbe);
    }

    [Fact]
    public async Task Cancellation_ends_the_wait()
    {
        _circuit.Failed(Failure(), CircuitPass.Closed);
        using var giveUp = new CancellationTokenSource();
        var waiting = Enter(TimeSpan.FromMinutes(1), giveUp.Token);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _time.Advance(Second);
        Assert.True((await Enter(Second)).IsProbe);
    }

    [Fact]
    public async Task While_one_looks_into_a_failure_nobody_else_tries_and_nobody_is_turned_away()
    {
        Assert.Equal(CircuitState.Closed, _circuit.State);
        var pass = Assert.NotNull(_circuit.Suspect(Failure(), CircuitPass.Closed));
        Assert.Equal(CircuitState.HalfOpen, _circuit.State);
        Assert.Null(_circuit.Suspect(Failure(), CircuitPass.Closed));
        Assert.Null(_circuit.TryProbe());
        Assert.Null(_circuit.Refusal(MonotonicClock.NowOf(_time)));
        var waiting = Enumerable.Range(0, 10).Select(_ => Enter(Second * 60)).ToList();
        Assert.All(waiting, caller => Assert.False(caller.IsCompleted));
        Assert.Equal(0, _circuit.Failures);

        // Newer credentials were found: all go through.
        _circuit.Reset();
        Assert.All(await Task.WhenAll(waiting), through => Assert.Equal(CircuitPass.Closed, through));
        Assert.True(pass.IsProbe);
    }

    [Fact]
    public async Task What_was_looked_into_in_vain_is_a_failure_with_a_next_try()
    {
        var pass = Assert.NotNull(_circuit.Suspect(Failure(), CircuitPass.Closed));
        var patient = Enter(Second * 60);
        var hasty = Enter(Second / 2);
        Assert.True(_circuit.Failed(Failure("Nothing newer."), pass));
        Assert.Equal((CircuitState.Open, 1, Now + Second), (_circuit.State, _circuit.Failures, _circuit.Cause!.RetryAt));
        Assert.Equal("Nothing newer.", (await Assert.ThrowsAsync<HyperConnException>(() => hasty)).Failure.Message);
        Assert.False(patient.IsCompleted);
        _circuit.Reset();
        await patient;
    }

    [Fact]
    public async Task Who_gives_up_looking_leaves_it_to_the_next()
    {
        var pass = Assert.NotNull(_circuit.Suspect(Failure(), CircuitPass.Closed));
        var next = Enter(Second * 60);
        _circuit.ProbeAbandoned(pass);
        var probe = await next;
        Assert.True(probe.IsProbe);
        Assert.Null(_circuit.Suspect(Failure(), pass));
        Assert.Equal(probe, _circuit.Suspect(Failure(), probe));
    }

    [Fact]
    public async Task Its_state_is_half_open_while_one_tries()
    {
        CircuitScope server = new CircuitScope.Server(new ServerEndpoint("pg", 5432));
        var probe = await Probe();
        Assert.Equal(CircuitState.HalfOpen, _circuit.State);
        Assert.Equal((server, CircuitState.HalfOpen, 1), _circuit.Statistics(server) is { } half ? (half.Scope, half.State, half.Failures) : default);
        _circuit.Failed(Failure(), probe);
        Assert.Equal(CircuitState.Open, _circuit.Statistics(server)!.State);
        _circuit.Reset();
        Assert.Null(_circuit.Statistics(server));
    }
}
