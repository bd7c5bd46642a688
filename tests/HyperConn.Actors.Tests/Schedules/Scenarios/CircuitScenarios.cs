using HyperConn.Primitives;
using HyperConn.Schedules.Exploring;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>A circuit that is open, and whose next try is due.</summary>
internal abstract class CircuitScenario : Scenario
{
    protected static HyperConnFailure Failure { get; } = new(HyperConnErrorCode.ServerUnreachable, "Away.");

    protected Circuit Circuit { get; private set; } = null!;

    public override int? Preemptions => null;

    public override Play Begin()
    {
        var time = new FakeTimeProvider();
        Circuit = new Circuit(time, [TimeSpan.FromSeconds(1)]);
        Circuit.Failed(Failure, CircuitPass.Closed);
        time.Advance(TimeSpan.FromSeconds(2));
        return Play();
    }

    protected abstract Play Play();
}

/// <summary>Three want to try: one at a time does.</summary>
internal sealed class CircuitProbes : CircuitScenario
{
    protected override Play Play()
    {
        var (trying, tried) = (0, 0);
        return new Play(() => tried > 0 && Circuit.MayProbe ? null : "Nobody tries any more.", Try, Try, Try);

        void Try()
        {
            if (Circuit.TryProbe() is not { } pass)
                return;
            tried++;
            Stage.Require(++trying == 1, "Two try at once.");
            Stage.Point();
            trying--;
            Circuit.ProbeAbandoned(pass);
        }
    }
}

/// <summary>A try that fails late, another that succeeds, and a reset: what comes too late changes nothing.</summary>
internal sealed class CircuitReset : CircuitScenario
{
    protected override Play Play() => new(
        () => Circuit.IsOpen == (Circuit.State != CircuitState.Closed) && (Circuit.State != CircuitState.HalfOpen) ? null : $"It is {Circuit.State}.",
        () =>
        {
            if (Circuit.TryProbe() is { } pass)
                Circuit.Failed(Failure, pass);
        },
        () =>
        {
            if (Circuit.TryProbe() is { } pass)
                Circuit.ProbeAbandoned(pass);
        },
        () => Circuit.Reset());
}

/// <summary>Who waits for a turn hears of it.</summary>
internal sealed class CircuitTurn : CircuitScenario
{
    protected override Play Play()
    {
        var pass = Circuit.TryProbe()!.Value;
        return new Play(() => null, Wait, Wait, () => Circuit.ProbeAbandoned(pass));

        void Wait()
        {
            var turn = Circuit.NextTurn;
            if (Circuit.MayProbe)
                return;
            Stage.Await(() => turn.IsCompleted);
            Stage.Require(Circuit.MayProbe, "It was told that its turn had come.");
        }
    }
}

/// <summary>Two look into the same fault: one does.</summary>
internal sealed class CircuitSuspected : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var circuit = new Circuit(new FakeTimeProvider(), [TimeSpan.FromSeconds(1)]);
        var failure = new HyperConnFailure(HyperConnErrorCode.LoginRefused, "Refused.");
        var looking = 0;
        return new Play(
            () => looking == 1 && circuit is { IsOpen: true, Failures: 1 } ? null : $"{looking} look into it, {circuit.Failures} failures.",
            Suspect,
            Suspect);

        void Suspect()
        {
            if (circuit.Suspect(failure, CircuitPass.Closed) is not { } pass)
                return;
            looking++;
            circuit.Failed(failure, pass);
        }
    }
}
