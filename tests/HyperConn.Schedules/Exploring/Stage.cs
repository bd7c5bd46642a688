namespace HyperConn.Schedules.Exploring;

/// <summary>What the threads of a scenario may say to the scheduler.</summary>
public static class Stage
{
    /// <summary>Blocks the thread until something holds. It is looked at between the steps of the others, and must change nothing.</summary>
    public static void Await(Func<bool> until)
    {
        ArgumentNullException.ThrowIfNull(until);
        if (Player.Current is { } player)
            player.Await(until);
        else if (!until())
            throw new InvalidOperationException("Only the threads of a scenario may wait.");
    }

    /// <summary>A place where another thread may go on.</summary>
    public static void Point() => Player.Current?.Pass(Sites.Stage);

    /// <summary>The same, where the thread has nothing to do before another one has gone on.</summary>
    public static void Yield() => Player.Current?.Yield(Sites.Stage);

    /// <summary>Something is wrong.</summary>
    public static void Require(bool holds, string fault)
    {
        if (!holds)
            throw new BrokenPromiseException(fault);
    }
}

/// <summary>An invariant of a scenario does not hold.</summary>
public sealed class BrokenPromiseException : Exception
{
    public BrokenPromiseException()
    {
    }

    public BrokenPromiseException(string message)
        : base(message)
    {
    }

    public BrokenPromiseException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
