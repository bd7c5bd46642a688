namespace HyperConn.AspNetCore;

/// <summary>How failures are answered.</summary>
public sealed class TenantProblemOptions
{
    /// <summary>What <c>Retry-After</c> says where nobody knows when the next try is due. Whole seconds, one or more. Default 5 seconds, the
    /// pause between two tries at a server that is away.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);
}
