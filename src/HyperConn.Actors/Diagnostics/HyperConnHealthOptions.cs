namespace HyperConn;

/// <summary>What the health checks tolerate.</summary>
public sealed class HyperConnHealthOptions
{
    /// <summary>Longest time the actor system may take to answer. Default 2 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A server counts as exhausted when its budget is spent and a caller has waited longer than this. Default 5 seconds.</summary>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(5);
}
