namespace HyperConn.Tests.Diagnostics;

/// <summary>Always the same snapshot; null: none is there yet.</summary>
internal sealed class FixedStatistics(HyperConnStatistics? statistics) : IStatisticsSource
{
    public HyperConnStatistics? Latest => statistics;

    public ValueTask<HyperConnStatistics> GetAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(statistics!);
}
