using System.Collections.Concurrent;
using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>Sessions at a server never exceed the limit in force.</summary>
/// <remarks>
/// A backend whose client has closed the socket is counted until it is scheduled and exits, so an excess is a finding when it is there at
/// every look for <see cref="Exit"/>. A limit that was lowered holds after <see cref="Grace"/>: what is in use comes back as it becomes idle.
/// </remarks>
internal sealed class BudgetOracle : Oracle
{
    /// <summary>How long an excess may last.</summary>
    public static readonly TimeSpan Exit = TimeSpan.FromMilliseconds(500);

    /// <summary>How long after it was lowered a limit holds.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);

    private readonly ConcurrentDictionary<string, Endpoint> _endpoints = new(StringComparer.Ordinal);

    public override string Name => "budget";

    public override string Watches => "sessions at each server, counted there every 5 ms, against the limit in force";

    /// <summary>By endpoint: samples, most sessions, and samples above the limit, the short ones included.</summary>
    public IReadOnlyDictionary<string, (long Samples, int Most, long Above)> Totals =>
        _endpoints.ToDictionary(endpoint => endpoint.Key, endpoint => (endpoint.Value.Samples, endpoint.Value.Most, endpoint.Value.Above));

    /// <summary>Judges one sample. Those of one endpoint come one after the other.</summary>
    public void Judge(BudgetSample sample)
    {
        Observed();
        var endpoint = _endpoints.GetOrAdd(sample.Endpoint, _ => new Endpoint());
        endpoint.Samples++;
        endpoint.Most = Math.Max(endpoint.Most, sample.Sessions);
        var limit = endpoint.LimitAt(sample.At, sample.Limit);
        if (sample.Sessions <= limit)
        {
            endpoint.AboveSince = null;
            return;
        }

        endpoint.Above++;
        if (endpoint.AboveSince is not { } since)
            endpoint.AboveSince = sample.At;
        else if (sample.At - since >= Exit && !endpoint.Told)
        {
            endpoint.Told = true;
            Find(sample.At, $"{sample.Endpoint} had {sample.Sessions} sessions, and more than its limit of {limit} since {(sample.At - since).TotalMilliseconds:0} ms");
        }

        if (endpoint.AboveSince == sample.At)
            endpoint.Told = false;
    }

    /// <summary>The server could not be asked: what was above before says nothing about later.</summary>
    public void Gap(string endpoint)
    {
        if (_endpoints.TryGetValue(endpoint, out var known))
            known.AboveSince = null;
    }

    private sealed class Endpoint
    {
        private readonly List<(TimeSpan At, int Limit)> _limits = [];

        public long Samples { get; set; }

        public int Most { get; set; }

        public long Above { get; set; }

        public TimeSpan? AboveSince { get; set; }

        public bool Told { get; set; }

        /// <summary>The highest limit that was in force within the grace before.</summary>
        public int LimitAt(TimeSpan at, int limit)
        {
            if (_limits.Count == 0 || _limits[^1].Limit != limit)
                _limits.Add((at, limit));

            // Each entry holds until the next one begins.
            while (_limits.Count > 1 && _limits[1].At < at - Grace)
                _limits.RemoveAt(0);
            return _limits.Max(entry => entry.Limit);
        }
    }
}
