namespace HyperConn.Schedules.Exploring;

/// <summary>A small case of concurrent code: what is set up, what each thread does, and what must hold whatever the order.</summary>
public abstract class Scenario
{
    /// <summary>Most preemptions in one schedule; null: none is too many, so every interleaving is tried.</summary>
    public virtual int? Preemptions => 2;

    /// <summary>Schedules after which the search ends, complete or not.</summary>
    public virtual int MostSchedules => 12_000;

    /// <summary>Sets up one play on fresh objects. It must do the same each time.</summary>
    public abstract Play Begin();
}

/// <summary>One play of a scenario.</summary>
/// <param name="Check">Looks at what is left when all threads have ended; the fault, or null.</param>
/// <param name="Threads">What each thread does.</param>
public sealed record Play(Func<string?> Check, params Action[] Threads);
