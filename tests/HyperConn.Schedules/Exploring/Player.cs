namespace HyperConn.Schedules.Exploring;

/// <summary>One thread of a scenario. It is a real thread, but goes on only when it has the turn.</summary>
internal sealed class Player : IDisposable
{
    [ThreadStatic]
    private static Player? _current;

    private readonly SemaphoreSlim _turn = new(0);
    private readonly Stack<object?> _held = new();
    private readonly Thread _thread;
    private Action? _part;
    private bool _over;

    public Player(int index)
    {
        Index = index;
        _thread = new Thread(Live) { IsBackground = true, Name = $"scenario {index}" };
        _thread.Start();
    }

    /// <summary>The player whose thread this is; null: none, or one that the scheduler uses to look at something.</summary>
    public static Player? Current => _current;

    public int Index { get; }

    public Run Run { get; private set; } = null!;

    /// <summary>Where it stands.</summary>
    public int Site { get; private set; }

    public bool HasBegun { get; private set; }

    public bool HasEnded { get; private set; }

    /// <summary>It said that it can't go on before another one has.</summary>
    public bool Yields { get; set; }

    /// <summary>What it waits for.</summary>
    public Func<bool>? Until { get; private set; }

    /// <summary>The lock it wants.</summary>
    public object? Wanted { get; private set; }

    /// <summary>The schedule is over and it goes back through its callers: nothing it does counts.</summary>
    public bool IsUnwinding { get; private set; }

    public void Cast(Run run, Action part)
    {
        (Run, _part) = (run, part);
        (Site, HasBegun, HasEnded, Yields, Until, Wanted, IsUnwinding) = (0, false, false, false, null, null, false);
        _held.Clear();
    }

    /// <summary>Gives it the turn.</summary>
    public void GoOn() => _turn.Release();

    /// <summary>Waits for the turn.</summary>
    public void WaitForTurn()
    {
        _turn.Wait();
        if (!Run.IsOver)
            return;
        IsUnwinding = true;
        throw new ScheduleOverException();
    }

    /// <summary>Stands before a step, and takes it when it is its turn.</summary>
    public void Pass(int site)
    {
        if (IsUnwinding)
            return;
        Site = site;
        Run.Arrived(this);
        Yields = false;
    }

    public void Yield(int site)
    {
        Yields = true;
        Pass(site);
    }

    public void Await(Func<bool> until)
    {
        if (IsUnwinding)
            return;
        Until = until;
        Pass(Sites.Stage);
        Until = null;
        Run.Order.AcquireNamed(Index);
    }

    public void Enter(object gate, int site)
    {
        if (!IsUnwinding)
        {
            Wanted = gate;
            Pass(site);
            Wanted = null;
            Run.Enter(this, gate);
        }

        _held.Push(gate);
    }

    public bool TryEnter(object gate, int site)
    {
        Pass(site);
        if (IsUnwinding || !Run.MayEnter(this, gate))
            return false;
        Run.Enter(this, gate);
        _held.Push(gate);
        return true;
    }

    /// <summary>Goes on without the lock.</summary>
    public void Skip(int site)
    {
        Pass(site);
        _held.Push(null);
    }

    public void Exit()
    {
        if (_held.Pop() is { } gate && !IsUnwinding)
            Run.Exit(this, gate);
    }

    /// <summary>Looks at something without being the player.</summary>
    public static bool Look(Func<bool> at)
    {
        var current = _current;
        _current = null;
        try
        {
            return at();
        }
        finally
        {
            _current = current;
        }
    }

    public void Dispose()
    {
        _over = true;
        _turn.Release();

        // One that hangs where the scheduler doesn't see it stays; the run has said so.
        if (_thread.Join(TimeSpan.FromSeconds(1)))
            _turn.Dispose();
    }

    private void Live()
    {
        while (true)
        {
            _turn.Wait();
            if (_over)
                return;
            Exception? fault = null;
            _current = this;
            HasBegun = true;
            try
            {
                if (Run.IsOver)
                    IsUnwinding = true;
                else
                    _part!();
            }
            catch (ScheduleOverException)
            {
            }
            catch (Exception thrown) when (IsUnwinding || (fault = thrown) is not null)
            {
                // Whatever a thread throws is a finding, unless the schedule is over.
            }

            _current = null;
            HasEnded = true;
            Run.Ended(this, fault);
        }
    }
}

/// <summary>Takes a thread back through its callers when its schedule is over.</summary>
#pragma warning disable CA1032, CA1064 // Thrown and caught here only.
internal sealed class ScheduleOverException : Exception;
#pragma warning restore CA1032, CA1064
