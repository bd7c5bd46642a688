namespace HyperConn;

/// <summary>What the health check <c>hyperconn-cluster</c> tolerates.</summary>
public sealed class HyperConnClusterHealthOptions
{
    /// <summary>Longest time without a word from the coordinator, since it was last heard or this node has started. Default 30 seconds: a lost
    /// coordinator's place is taken within some 10.</summary>
    public TimeSpan MaxSilence { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time the coordinator may take to say whether it decides. Without an answer in time only its silence counts. Default 2 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);
}
