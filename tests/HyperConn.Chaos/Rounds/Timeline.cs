using System.Collections.Concurrent;
using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Rounds;

/// <summary>What happened in each second.</summary>
internal sealed class Timeline
{
    private readonly ConcurrentDictionary<int, Second> _seconds = new();

    /// <summary>The seconds in which something happened, in order.</summary>
    public IReadOnlyList<Second> Seconds => [.. _seconds.OrderBy(second => second.Key).Select(second => second.Value)];

    public void Succeeded() => Interlocked.Increment(ref Now().Done);

    public void Failed() => Interlocked.Increment(ref Now().Errors);

    public void Sessions(string endpoint, int sessions)
    {
        var most = Now().Most;
        if (most.GetValueOrDefault(endpoint, -1) < sessions)
            most[endpoint] = sessions;
    }

    private Second Now() => _seconds.GetOrAdd((int)RunClock.Now.TotalSeconds, at => new Second(at));

    /// <summary>One second.</summary>
    internal sealed class Second(int at)
    {
        /// <summary>Pieces of work that ended well.</summary>
        public int Done;

        /// <summary>Those that failed.</summary>
        public int Errors;

        /// <summary>Seconds since the program began.</summary>
        public int At { get; } = at;

        /// <summary>Most sessions by endpoint.</summary>
        public ConcurrentDictionary<string, int> Most { get; } = new(StringComparer.Ordinal);
    }
}
