namespace HyperConn.EntityFrameworkCore;

/// <summary>How migrations went for one tenant.</summary>
public enum TenantMigrationStatus
{
    /// <summary>Not begun, or rolled back because the run was cancelled.</summary>
    Pending = 0,

    /// <summary>Migrations were applied or reverted.</summary>
    Migrated = 1,

    /// <summary>There was nothing to do: an earlier run, or another one at the same time, has done it.</summary>
    UpToDate = 2,

    /// <summary>It failed; <see cref="TenantMigrationResult.Code"/> says why. EF rolls back what it does in a transaction.</summary>
    Failed = 3,

    /// <summary>The organisation does not have the service. Only where tenants were listed from the store.</summary>
    Absent = 4,

    /// <summary>A dry run: <see cref="TenantMigrationResult.Script"/> is what would be done.</summary>
    Scripted = 5,
}

/// <summary>One tenant's line of the report.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Status">How it went.</param>
public sealed record TenantMigrationResult(TenantKey Tenant, TenantMigrationStatus Status)
{
    /// <summary>Ids of the migrations applied by this run, or that a dry run would apply; in order.</summary>
    public IReadOnlyList<string> Applied { get; init; } = [];

    /// <summary>Ids of the migrations reverted by this run, or that a dry run would revert; in order.</summary>
    public IReadOnlyList<string> Reverted { get; init; } = [];

    /// <summary>Tries so far; 0: not begun.</summary>
    public int Attempts { get; init; }

    /// <summary>Time for all tries.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Stable code of what went wrong: a <see cref="HyperConnErrorCode"/> by name, an SQLSTATE of PostgreSQL's, <c>Timeout</c>,
    /// <c>Connection</c>, <c>PendingModelChanges</c>, or the name of an exception's type. Null: nothing did.</summary>
    public string? Code { get; init; }

    /// <summary>What went wrong, for people; never a connection string or password.</summary>
    public string? Message { get; init; }

    /// <summary>A dry run's SQL.</summary>
    public string? Script { get; init; }
}

/// <summary>How migrations went, for every tenant.</summary>
/// <param name="Results">A line for each tenant, in the order asked for.</param>
public sealed record TenantMigrationReport(IReadOnlyList<TenantMigrationResult> Results)
{
    /// <summary>Whether nothing failed and no tenant was left out.</summary>
    public bool Succeeded => Count(TenantMigrationStatus.Failed) + Count(TenantMigrationStatus.Pending) == 0;

    /// <summary>The lines of tenants that failed.</summary>
    public IEnumerable<TenantMigrationResult> Failures => Results.Where(result => result.Status == TenantMigrationStatus.Failed);

    /// <summary>How many tenants have this status.</summary>
    /// <param name="status">The status.</param>
    /// <returns>The count.</returns>
    public int Count(TenantMigrationStatus status) => Results.Count(result => result.Status == status);
}
