namespace HyperConn;

/// <summary>Result of <see cref="ITenantPools.RefreshAllAsync"/>.</summary>
public sealed record RefreshAllResult
{
    /// <summary>Secrets fetched again.</summary>
    public required int Secrets { get; init; }

    /// <summary>Of these, with another version than before.</summary>
    public int Changed { get; init; }

    /// <summary>Secrets that could not be had; what was known goes on serving.</summary>
    public int Failed { get; init; }

    /// <summary>Calls made to the store.</summary>
    public int StoreCalls { get; init; }
}
