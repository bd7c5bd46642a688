namespace HyperConn;

/// <summary>The latest snapshot of the manager, shared by metrics, health checks and the dashboard so that they don't each take one.</summary>
public interface IStatisticsSource
{
    /// <summary>The latest snapshot, without waiting; null before the first. Reading it keeps it fresh (about a second old).</summary>
    HyperConnStatistics? Latest { get; }

    /// <summary>A snapshot at most about a second old.</summary>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    /// <returns>The snapshot.</returns>
    ValueTask<HyperConnStatistics> GetAsync(CancellationToken cancellationToken = default);
}
