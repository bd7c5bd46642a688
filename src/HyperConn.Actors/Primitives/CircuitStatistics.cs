namespace HyperConn;

/// <summary>A circuit of a server or of the secret store.</summary>
public sealed record CircuitStatistics
{
    /// <summary>Whose circuit it is.</summary>
    public required CircuitScope Scope { get; init; }

    /// <summary>Its state.</summary>
    public required CircuitState State { get; init; }

    /// <summary>What opened it, and when it is tried next.</summary>
    public required HyperConnFailure Failure { get; init; }

    /// <summary>Failures in a row.</summary>
    public int Failures { get; init; }
}
