using System.Text.Json;
using HyperConn.EntityFrameworkCore;
using HyperConn.Events;

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
    // What JSON leaves out is null, whatever the types say.
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

    /// <summary>Writes it in one step.</summary>
    /// <exception cref="CommandException">It can't be written.</exception>
    public void Save(string path)
    {
        try
        {
            SafeFile.WriteWhole(path, JsonSerializer.SerializeToUtf8Bytes(this, CommandOutput.Json));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The report can't be written to '{path}': {exception.Message}");
        }
    }

    /// <summary>Reads a report.</summary>
    /// <exception cref="CommandException">There is none, or it is no report.</exception>
    public static MigrateReport Load(string path)
    {
        try
        {
            using var file = SafeFile.OpenToRead(path);
            return JsonSerializer.Deserialize<MigrateReport>(file, CommandOutput.Json) is { IsWhole: true } report
                ? report
                : throw new CommandException($"'{path}' is not a report of migrate.");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new CommandException($"'{path}' is not a report of migrate.");
        }
        catch (FileNotFoundException)
        {
            throw new CommandException($"There is no report '{path}'.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The report can't be read: {exception.Message}");
        }
    }

    /// <summary>Makes sure that no file is replaced but an earlier report, or an empty file.</summary>
    /// <exception cref="CommandException">It would be.</exception>
    public static void MayReplace(string path)
    {
        if (FileFacts.KindOf(path) != FileKind.Regular || new FileInfo(path).Length == 0)
            return;
        try
        {
            Load(path);
        }
        catch (CommandException)
        {
            throw new CommandException($"'{path}' is there already and is not a report of migrate, so it is not replaced. Name another file.");
        }
    }
}
