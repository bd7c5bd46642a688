namespace HyperConn;

/// <summary>How long nodes are waited for by <see cref="IHyperConnNodes"/>.</summary>
public static class HyperConnNodes
{
    /// <summary>Longest wait for a node's report: 2 seconds.</summary>
    public static readonly TimeSpan ReportTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Longest wait for all of a node's statistics, its tenants included: 5 seconds.</summary>
    public static readonly TimeSpan StatisticsTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait for a node's answer to a command: 5 seconds.</summary>
    public static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(5);
}
