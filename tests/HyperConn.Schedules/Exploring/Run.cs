namespace HyperConn.Schedules.Exploring;

/// <summary>One schedule: who goes on at each step, by a list of choices and then by default.</summary>
internal sealed class Run : IDisposable
{
    private readonly Player[] _players;
    private readonly IReadOnlyList<int> _choices;
    private readonly int _mostSteps;
    private readonly SemaphoreSlim _stopped = new(0);
    private readonly Dictionary<object, (int Owner, int Depth)> _locks = new(ReferenceEqualityComparer.Instance);
    private readonly int _collections = GC.CollectionCount(0);

    /// <param name="players">The threads.</param>
    /// <param name="choices">Who takes each of the first steps.</param>
    /// <param name="mostSteps">Steps from which a schedule is taken for one that never ends.</param>
    public Run(Player[] players, IReadOnlyList<int> choices, int mostSteps)
    {
        (_players, _choices, _mostSteps) = (players, choices, mostSteps);
        Order = new HappensBefore(players.Length);
    }

    public List<Step> Steps { get; } = [];

    public HappensBefore Order { get; }

    /// <summary>What went wrong.</summary>
    public Fault? Fault { get; private set; }

    /// <summary>Those that still stand somewhere are to go back.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether addresses may have changed meanwhile, so that a race may be none.</summary>
    public bool MayHaveMoved => GC.CollectionCount(0) != _collections;

    public void Play(IReadOnlyList<Action> parts)
    {
        for (var i = 0; i < _players.Length; i++)
            _players[i].Cast(this, parts[i]);
        _players[0].GoOn();
        Stopped();
        IsOver = true;
        foreach (var player in _players)
        {
            if (player.HasEnded)
                continue;
            player.GoOn();
            Stopped();
        }
    }

    /// <summary>A player stands before a step. Returns when the step is its to take.</summary>
    public void Arrived(Player player)
    {
        var next = Next(player);
        if (ReferenceEquals(next, player))
            return;
        Pass(next);
        player.WaitForTurn();
    }

    public void Ended(Player player, Exception? fault)
    {
        if (IsOver)
        {
            _stopped.Release();
            return;
        }

        if (fault is not null)
            Fail(new Fault(fault is BrokenPromiseException ? FaultKind.Broken : FaultKind.Threw, fault is BrokenPromiseException ? fault.Message : $"Thread {player.Index} threw: {fault}"));
        Pass(Fault is null ? Next(player) : null);
    }

    public bool MayEnter(Player player, object gate) => !_locks.TryGetValue(gate, out var held) || held.Owner == player.Index;

    public void Enter(Player player, object gate)
    {
        _locks[gate] = (player.Index, _locks.TryGetValue(gate, out var held) ? held.Depth + 1 : 1);
        Order.AcquireObject(player.Index, gate);
    }

    public void Exit(Player player, object gate)
    {
        Order.ReleaseObject(player.Index, gate);
        var depth = _locks[gate].Depth;
        if (depth == 1)
            _locks.Remove(gate);
        else
            _locks[gate] = (player.Index, depth - 1);
    }

    /// <summary>Ends the schedule with a finding, unless it has one.</summary>
    public void Fail(Fault fault) => Fault ??= fault;

    public void Dispose() => _stopped.Dispose();

    private void Stopped()
    {
        if (!_stopped.Wait(TimeSpan.FromSeconds(60)))
            throw new InvalidOperationException($"A thread stands where the scheduler doesn't see it, after:\n{Trace.Of(Steps)}");
    }

    private void Pass(Player? next)
    {
        if (next is null)
            _stopped.Release();
        else
            next.GoOn();
    }

    /// <summary>Who goes on; null: nobody.</summary>
    private Player? Next(Player current)
    {
        // Until each stands before its first step there is nothing to choose.
        foreach (var player in _players)
        {
            if (!player.HasBegun)
                return player;
        }

        if (Fault is not null)
            return null;
        var options = Options(current, out var currentMay);
        if (options.Length == 0)
        {
            if (Array.Exists(_players, player => !player.HasEnded))
                Fail(new Fault(FaultKind.Deadlock, $"Nobody can go on: {string.Join("; ", _players.Where(player => !player.HasEnded).Select(Stands))}."));
            else if (Steps.Count < _choices.Count)
                Fail(new Fault(FaultKind.Differs, $"It ended after {Steps.Count} steps and not after {_choices.Count}: the scenario isn't the same each time."));
            return null;
        }

        if (Steps.Count == _mostSteps)
        {
            Fail(new Fault(FaultKind.Livelock, $"No end after {_mostSteps} steps."));
            return null;
        }

        var chosen = options[0];
        if (Steps.Count < _choices.Count)
        {
            chosen = _choices[Steps.Count];
            if (Array.IndexOf(options, chosen) < 0)
            {
                Fail(new Fault(FaultKind.Differs, $"At step {Steps.Count} thread {chosen} can't go on as it could before: the scenario isn't the same each time."));
                return null;
            }
        }

        Steps.Add(new Step(options, chosen, _players[chosen].Site, currentMay));
        foreach (var player in _players)
        {
            if (player.Index != chosen)
                player.Yields = false;
        }

        return _players[chosen];
    }

    private int[] Options(Player current, out bool currentMay)
    {
        Span<int> found = stackalloc int[_players.Length];
        var anyEager = Array.Exists(_players, player => !player.Yields && CanGoOn(player));

        // At the beginning nobody runs yet.
        currentMay = Steps.Count > 0 && CanGoOn(current) && !(anyEager && current.Yields);
        var count = 0;
        if (currentMay)
            found[count++] = current.Index;
        foreach (var player in _players)
        {
            if (!(currentMay && player == current) && CanGoOn(player) && !(anyEager && player.Yields))
                found[count++] = player.Index;
        }

        return found[..count].ToArray();
    }

    private bool CanGoOn(Player player) =>
        !player.HasEnded
        && (player.Wanted is not { } gate || MayEnter(player, gate))
        && (player.Until is not { } until || Player.Look(until));

    private string Stands(Player player) =>
        player.Wanted is { } gate && _locks.TryGetValue(gate, out var held)
            ? $"thread {player.Index} wants a lock that thread {held.Owner} has ({Sites.Of(player.Site)})"
            : $"thread {player.Index} waits ({Sites.Of(player.Site)})";
}
