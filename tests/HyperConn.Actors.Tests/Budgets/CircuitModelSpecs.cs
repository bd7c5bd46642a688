using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using HyperConn.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Budgets;

/// <summary>Random callers, outcomes and time, beside a model that says of each caller at each moment: through, refused, or waiting.</summary>
public class CircuitModelSpecs
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan[] Delays = [Step * 2, Step * 5, Step * 9];

    private enum Verb
    {
        Enter,
        FailOutside,
        ProbeFails,
        ProbeFailsForGood,
        ProbeSucceeds,
        ProbeGivesUp,
        LateProbe,
        Wait,
    }

    [Fact]
    public void Whatever_happens_one_at_a_time_tries_and_nobody_waits_in_vain() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(60),
        Prop.ForAll(
            Arb.From(Gen.ListOf(Gen.Zip(
                Gen.Frequency((4, Gen.Constant(Verb.Enter)), (4, Gen.Elements(Enum.GetValues<Verb>())), (2, Gen.Constant(Verb.Wait))),
                Gen.Choose(0, 12)))),
            steps => new Walk().Go(steps).GetAwaiter().GetResult()));

    private sealed record Caller(Task<CircuitPass> Task, DateTimeOffset Deadline);

    private sealed class Walk
    {
        private readonly CountingTime _time = new();
        private readonly Circuit _circuit;
        private readonly List<Caller> _waiting = [];
        private readonly List<CircuitPass> _late = [];

        // The model: what an open circuit knows.
        private bool _open;
        private bool _forGood;
        private int _failures;
        private DateTimeOffset _nextTry;
        private CircuitPass _probe;

        // Whoever goes to wait sets one timer. Time may move only when all have set theirs, or one would sleep past its moment.
        private bool _woken;
        private bool _entered;
        private int _waits;

        public Walk() => _circuit = new Circuit(_time, Delays);

        private DateTimeOffset Now => _time.GetUtcNow();

        public async Task Go(IEnumerable<(Verb Verb, int Number)> steps)
        {
            foreach (var (verb, number) in steps)
            {
                Do(verb, number);
                await Settle();
                for (var left = verb == Verb.Wait ? number : 0; left > 0; left--)
                {
                    _time.Advance(Step);
                    await Settle();
                }
            }

            // In the end everybody has an answer.
            Success();
            await Settle();
            Assert.Empty(_waiting);
        }

        private void Do(Verb verb, int number)
        {
            switch (verb)
            {
                case Verb.Enter:
                    var deadline = Now + (Step * number);
                    _entered = true;
                    _waiting.Add(new Caller(_circuit.EnterAsync(_time, deadline, CancellationToken.None, _time.CountWait).AsTask(), deadline));
                    break;
                case Verb.FailOutside:
                    Fail(CircuitPass.Closed, forGood: false);
                    break;
                case Verb.ProbeFails or Verb.ProbeFailsForGood when _probe.IsProbe:
                    Fail(_probe, verb == Verb.ProbeFailsForGood);
                    break;
                case Verb.ProbeSucceeds:
                    Success();
                    break;
                case Verb.ProbeGivesUp when _probe.IsProbe:
                    _circuit.ProbeAbandoned(_probe);
                    EndProbe();
                    break;
                case Verb.LateProbe when _late.Count > 0:
                    // Of a circuit that is open, it changes nothing.
                    _circuit.ProbeAbandoned(_late[number % _late.Count]);
                    if (_open)
                        Assert.False(_circuit.Failed(Failure(), _late[number % _late.Count]));
                    break;
            }
        }

        private void Fail(CircuitPass pass, bool forGood)
        {
            Assert.Equal(!_open, _circuit.Failed(Failure(), pass, forGood));
            if (_open && !pass.IsProbe)
                return;
            _nextTry = Now + Delays[Math.Min(_failures, Delays.Length - 1)];
            (_open, _forGood, _failures) = (true, forGood, _failures + 1);
            EndProbe();
        }

        private void Success()
        {
            Assert.Equal(_open, _circuit.Reset());
            (_open, _failures) = (false, 0);
            EndProbe();
        }

        private void EndProbe()
        {
            _woken = true;
            if (_probe.IsProbe)
                _late.Add(_probe);
            _probe = default;
        }

        private static HyperConnFailure Failure() => new(HyperConnErrorCode.ServerUnreachable, "Away.");

        /// <summary>Every caller that has an answer by the model has it, and none other.</summary>
        private async Task Settle()
        {
            if (_open && !_probe.IsProbe && Now >= _nextTry && _waiting.Count > 0)
            {
                // One of those that wait, whichever is first, tries.
                var first = await PoolWait(Task.WhenAny(_waiting.Select(caller => caller.Task)));
                _probe = await first;
                Assert.True(_probe.IsProbe);
                _waiting.RemoveAll(caller => ReferenceEquals(caller.Task, first));
                _woken = true;
            }

            var newest = _entered ? _waiting.LastOrDefault() : null;
            foreach (var caller in _waiting.ToArray())
            {
                if (!_open)
                    Assert.Equal(CircuitPass.Closed, await PoolWait(caller.Task));
                else if (_forGood || (_probe.IsProbe ? caller.Deadline <= Now : caller.Deadline <= _nextTry))
                    Assert.Equal(_nextTry, (await Assert.ThrowsAsync<HyperConnException>(() => PoolWait(caller.Task))).Failure.RetryAt);
                else
                    continue;
                _waiting.Remove(caller);
            }

            if (_woken)
                _waits += _waiting.Count;
            else if (newest is not null && _waiting.Contains(newest))
                _waits++;
            (_woken, _entered) = (false, false);
            await _time.UntilWaitsAsync(_waits);

            Assert.All(_waiting, caller => Assert.False(caller.Task.IsCompleted));
            Assert.Equal((_open, _failures), (_circuit.IsOpen, _circuit.Failures));
            Assert.Equal(_open ? _nextTry : null, _circuit.Cause?.RetryAt);
        }

        private static Task<T> PoolWait<T>(Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private sealed class CountingTime : FakeTimeProvider
    {
        private int _waits;

        /// <summary>A caller has set its timers.</summary>
        public void CountWait() => Interlocked.Increment(ref _waits);

        public async Task UntilWaitsAsync(int count)
        {
            var watchdog = Stopwatch.StartNew();
            while (Volatile.Read(ref _waits) != count && watchdog.Elapsed < TimeSpan.FromSeconds(20))
                await Task.Yield();
            Assert.Equal(count, Volatile.Read(ref _waits));
        }
    }
}
