using HyperConn.Chaos.Faults;

namespace HyperConn.Chaos.Rounds;

/// <summary>A fault of a storm: when it begins, how long it lasts, and the seed by which it picks its targets.</summary>
internal sealed record PlannedFault(IFault Fault, TimeSpan Begins, TimeSpan Lasts, int Seed);

/// <summary>A storm of one to three faults that overlap.</summary>
internal sealed record Round(int Number, IReadOnlyList<PlannedFault> Faults);

/// <summary>Rounds without end, by a seed alone: which faults, when, how long, and on whom. Every fault comes up once before one comes again.</summary>
internal sealed class Schedule
{
    private const int MostAtOnce = 3;

    private readonly IReadOnlyList<IFault> _faults;
    private readonly Random _random;
    private readonly LinkedList<IFault> _deck = [];
    private int _number;

    public Schedule(int seed, IReadOnlyList<IFault> faults)
    {
        ArgumentOutOfRangeException.ThrowIfZero(faults.Count);
        (_faults, _random) = (faults, new Random(seed));
    }

    /// <summary>The next round.</summary>
    public Round Next()
    {
        var chosen = new List<PlannedFault>();
        var count = _random.Next(1, MostAtOnce + 1);
        for (var i = 0; i < count && Draw(chosen) is { } fault; i++)
        {
            chosen.Add(new PlannedFault(
                fault,
                TimeSpan.FromMilliseconds(i == 0 ? 0 : _random.Next(0, 2_000)),
                TimeSpan.FromMilliseconds(_random.Next(2_000, 9_000)),
                _random.Next()));
        }

        return new Round(++_number, chosen);
    }

    /// <summary>The first fault of the deck that goes with those chosen; the others keep their place.</summary>
    private IFault? Draw(List<PlannedFault> chosen)
    {
        if (_deck.Count == 0)
        {
            var all = _faults.ToArray();
            _random.Shuffle(all);
            foreach (var fault in all)
                _deck.AddLast(fault);
        }

        for (var place = _deck.First; place is not null; place = place.Next)
        {
            if (chosen.Any(planned => planned.Fault.Part == place.Value.Part))
                continue;
            _deck.Remove(place);
            return place.Value;
        }

        return null;
    }
}
