using HyperConn.EntityFrameworkCore;

namespace HyperConn.Host.Commands;

/// <summary>One line of the report.</summary>
internal sealed record MigrateResult(
    string Service,
    string Org,
    TenantMigrationStatus Status,
    int Attempts = 0,
    double? Milliseconds = null,
    IReadOnlyList<string>? Applied = null,
    IReadOnlyList<string>? Reverted = null,
    string? Code = null,
    string? Message = null,
    string? Script = null)
{
    public static MigrateResult Of(TenantMigrationResult result) => new(
        result.Tenant.Service,
        result.Tenant.Org,
        result.Status,
        result.Attempts,
        result.Attempts == 0 ? null : Math.Round(result.Elapsed.TotalMilliseconds, 1),
        result.Applied.Count == 0 ? null : result.Applied,
        result.Reverted.Count == 0 ? null : result.Reverted,
        result.Code,
        result.Message,
        result.Script);
}

/// <summary>The report of one <c>migrate</c>, good for <c>--resume</c>.</summary>
internal sealed record MigrateReport(
    string Project,
    string Context,
    string? Target,
    bool DryRun,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    int Migrated,
    int UpToDate,
    int Scripted,
    int Failed,
    int Absent,
    int Pending,
    IReadOnlyList<MigrateResult> Tenants)
{
    /// <summary>Where it is kept.</summary>
    public static ReportFile<MigrateReport> Stored { get; } = new("migrate", report => report.IsWhole);

    private bool IsWhole => Project is not null && Context is not null && Tenants is not null
        && Tenants.All(t => t is not null && Enum.IsDefined(t.Status) && TenantKey.TryCreate(t.Service, t.Org, out _));

    public static MigrateReport Of(
        string project, string context, string? target, bool dryRun, DateTimeOffset startedAt, IReadOnlyList<MigrateResult> tenants)
    {
        int Count(TenantMigrationStatus status) => tenants.Count(t => t.Status == status);
        return new MigrateReport(
            project, context, target, dryRun, startedAt, DateTimeOffset.UtcNow,
            Count(TenantMigrationStatus.Migrated), Count(TenantMigrationStatus.UpToDate), Count(TenantMigrationStatus.Scripted),
            Count(TenantMigrationStatus.Failed), Count(TenantMigrationStatus.Absent), Count(TenantMigrationStatus.Pending), tenants);
    }
}
