namespace HyperConn.Schedules.Exploring;

/// <summary>
/// Tries the schedules of a scenario one after the other: a depth-first search over who goes on at each step, from the beginning each time.
/// Nothing is left out but what needs more preemptions than the bound, where a preemption is a change of threads although the one that ran could go on.
/// </summary>
public static class Explorer
{
    private const int MostSteps = 3_000;
    private const int MostInSoak = 200_000;

    // A race is told by addresses, and the collector moves objects: it counts only in a schedule during which nothing was collected.
    private const int Retries = 100;

    /// <summary>Searches until a fault is found or nothing is left.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="preemptions">Most preemptions; null: those of the scenario.</param>
    public static Exploration Explore(Scenario scenario, int? preemptions = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        var bound = scenario.Preemptions is { } own ? Math.Max(own, preemptions ?? own) : int.MaxValue;
        var most = preemptions is null ? scenario.MostSchedules : Math.Max(scenario.MostSchedules, MostInSoak);
        using var cast = new Cast();

        // What runs once in a process, such as static constructors, has run then.
        Try(scenario, [], cast);
        var path = new List<Branch>();
        var (schedules, longest) = (0, 0);
        do
        {
            schedules++;
            var choices = path.ConvertAll(branch => branch.Step.Options[branch.Taken]);
            var (steps, fault) = Try(scenario, choices, cast);
            longest = Math.Max(longest, steps.Count);
            if (fault is not null)
                return new Exploration(cast.Size, schedules, IsComplete: false, longest, new Finding(fault, Trace.Choices(steps), Trace.Of(steps)));
            for (var i = path.Count; i < steps.Count; i++)
                path.Add(new Branch(steps[i], i == 0 ? 0 : path[i - 1].PreemptionsAfter));
        }
        while (TakeNext(path, bound) && schedules < most);
        return new Exploration(cast.Size, schedules, IsComplete: path.Count == 0, longest, Finding: null);
    }

    /// <summary>Goes through one schedule again.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="choices">As <see cref="Finding.Choices"/> has them.</param>
    public static Finding? Replay(Scenario scenario, string choices)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(choices);
        using var cast = new Cast();
        Try(scenario, [], cast);
        var (steps, fault) = Try(scenario, Trace.Parse(choices), cast);
        return fault is null ? null : new Finding(fault, Trace.Choices(steps), Trace.Of(steps));
    }

    private static (IReadOnlyList<Step> Steps, Fault? Fault) Try(Scenario scenario, IReadOnlyList<int> choices, Cast cast)
    {
        for (var left = Retries; ; left--)
        {
            var play = scenario.Begin();
            using var run = new Run(cast.Of(play.Threads.Length), choices, MostSteps);
            run.Play(play.Threads);
            if (run.Fault is { Kind: FaultKind.Race } && run.MayHaveMoved && left > 0)
                continue;
            if (run.Fault is null && Checked(play) is { } broken)
                run.Fail(new Fault(FaultKind.Broken, broken));
            return (run.Steps, run.Fault);
        }
    }

    private static string? Checked(Play play)
    {
        try
        {
            return play.Check();
        }
        catch (BrokenPromiseException broken)
        {
            return broken.Message;
        }
    }

    /// <summary>Goes back to the last step at which another one could go on, within the bound, and takes that.</summary>
    private static bool TakeNext(List<Branch> path, int bound)
    {
        while (path.Count > 0)
        {
            var last = path[^1];
            if (last.Taken + 1 < last.Step.Options.Length && (!last.Step.CurrentMay || last.PreemptionsBefore < bound))
            {
                last.Taken++;
                return true;
            }

            path.RemoveAt(path.Count - 1);
        }

        return false;
    }

    /// <summary>A step on the path, and which of its options is taken.</summary>
    private sealed class Branch(Step step, int preemptionsBefore)
    {
        public Step Step => step;

        public int Taken { get; set; }

        public int PreemptionsBefore => preemptionsBefore;

        public int PreemptionsAfter => preemptionsBefore + (step.CurrentMay && Taken > 0 ? 1 : 0);
    }

    /// <summary>Threads that are used again from schedule to schedule.</summary>
    private sealed class Cast : IDisposable
    {
        private Player[] _players = [];

        public int Size => _players.Length;

        public Player[] Of(int count)
        {
            if (_players.Length != count)
            {
                Dispose();
                _players = [.. Enumerable.Range(0, count).Select(index => new Player(index))];
            }

            return _players;
        }

        public void Dispose()
        {
            foreach (var player in _players)
                player.Dispose();
        }
    }
}
