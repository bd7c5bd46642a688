namespace HyperConn.Benchmarks.Running;

/// <summary>One subject of measurement; may give several rows.</summary>
internal abstract class Measure
{
    /// <summary>Short name, for <c>--filter</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Rounds without <c>--rounds</c>.</summary>
    public abstract int DefaultRounds { get; }

    /// <summary>Whether it is about nanoseconds, so that one process's word is not enough.</summary>
    public virtual bool WantsFreshProcesses => false;

    /// <summary>Measures and yields rows as they are ready.</summary>
    /// <param name="rounds">Pairs of samples.</param>
    /// <param name="say">Takes words on progress.</param>
    public abstract IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say);

    protected static Row RatioRow(string measure, string against, Comparison comparison, Func<double, string> unit, double bound, string? boundText = null) => new(
        measure,
        against,
        unit(comparison.Rival),
        unit(comparison.Ours),
        comparison.Ratio,
        Units.Spread(comparison),
        boundText ?? FormattableString.Invariant($"≤ {bound:0.00}×"),
        comparison.Ratio <= bound);

    /// <summary>A row for which nothing is promised: what is, for information.</summary>
    protected static Row FactRow(string measure, string against, Comparison comparison, Func<double, string> unit) =>
        RatioRow(measure, against, comparison, unit, double.PositiveInfinity, "") with { Holds = null };
}
