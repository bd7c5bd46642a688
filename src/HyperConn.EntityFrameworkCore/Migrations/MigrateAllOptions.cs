using System.ComponentModel.DataAnnotations;

namespace HyperConn.EntityFrameworkCore;

/// <summary>How migrations are run over many tenants.</summary>
public sealed class MigrateAllOptions
{
    /// <summary>Tenants to migrate; null (default): every configured service of every organisation that the store lists.</summary>
    public IReadOnlyCollection<TenantKey>? Tenants { get; set; }

    /// <summary>Name or id of the migration to arrive at, upwards or downwards; <c>0</c> reverts all. Null (default): the newest.</summary>
    public string? TargetMigration { get; set; }

    /// <summary>Most tenants migrated at once. 1 to 1,000, default 8. Each server's budget bounds them as well.</summary>
    [Range(1, 1_000)]
    public int MaxParallelism { get; set; } = 8;

    /// <summary>Longest time one tenant takes, waiting for its connection and for another runner's lock included, and longest time of one command.
    /// 1 second to 1 day, default 10 minutes.</summary>
    public TimeSpan TenantTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Further tries for a tenant after a fault that may pass, such as a deadlock or a server that restarts. 0 to 100, default 3.</summary>
    [Range(0, 100)]
    public int Retries { get; set; } = 3;

    /// <summary>Writes nothing: the report has the SQL that would bring each tenant from where it is to the target. Default false.</summary>
    public bool DryRun { get; set; }

    /// <summary>Told after each tenant, from any thread.</summary>
    public IProgress<TenantMigrationProgress>? Progress { get; set; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxParallelism, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxParallelism, 1_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(Retries, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Retries, 100);
        ArgumentOutOfRangeException.ThrowIfLessThan(TenantTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(TenantTimeout, TimeSpan.FromDays(1));
    }
}

/// <summary>How far migrations have come.</summary>
/// <param name="Result">The tenant just dealt with.</param>
/// <param name="Done">Tenants dealt with so far.</param>
/// <param name="Failed">Those among them that failed.</param>
/// <param name="Total">Tenants in all.</param>
public sealed record TenantMigrationProgress(TenantMigrationResult Result, int Done, int Failed, int Total);
