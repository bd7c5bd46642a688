namespace HyperConn.Schedules.Exploring;

/// <summary>What kind of fault a schedule ended with.</summary>
public enum FaultKind
{
    /// <summary>What must hold does not.</summary>
    Broken,

    /// <summary>A thread threw.</summary>
    Threw,

    /// <summary>Nobody can go on.</summary>
    Deadlock,

    /// <summary>It never ends.</summary>
    Livelock,

    /// <summary>A plain field was written by one thread and used by another, and nothing orders the two.</summary>
    Race,

    /// <summary>The scenario did something else than before.</summary>
    Differs,
}

/// <summary>A fault.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">What it is.</param>
public sealed record Fault(FaultKind Kind, string Text);

/// <summary>A fault, and the schedule that shows it.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Choices">Who takes each step, for <see cref="Explorer.Replay"/>.</param>
/// <param name="Trace">The steps for people.</param>
public sealed record Finding(Fault Fault, string Choices, string Trace)
{
    public override string ToString() => $"{Fault.Kind}: {Fault.Text}\nSchedule: {Choices}\n{Trace}";
}

/// <summary>What a search has come to.</summary>
/// <param name="Threads">Threads of the scenario.</param>
/// <param name="Schedules">Schedules tried.</param>
/// <param name="IsComplete">Whether those are all within the bound.</param>
/// <param name="MostSteps">Steps of the longest.</param>
/// <param name="Finding">The first fault.</param>
public sealed record Exploration(int Threads, int Schedules, bool IsComplete, int MostSteps, Finding? Finding);
