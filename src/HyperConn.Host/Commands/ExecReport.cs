using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HyperConn.Host.Commands;

/// <summary>How <c>exec</c> went for one tenant.</summary>
internal enum ExecStatus
{
    /// <summary>Not begun.</summary>
    Pending,

    /// <summary>Committed (or, in a dry run, it would have been).</summary>
    Done,

    /// <summary>Rolled back, nothing was changed.</summary>
    Failed,

    /// <summary>The connection broke during the commit: whether it was carried out must be looked up.</summary>
    Unknown,

    /// <summary>The organisation does not have the service.</summary>
    Absent,
}

/// <summary>One line of the report.</summary>
internal sealed record ExecResult(
    string Service,
    string Org,
    ExecStatus Status,
    int Attempts = 0,
    long? Rows = null,
    double? Milliseconds = null,
    string? Code = null,
    string? Message = null);

/// <summary>The report of one <c>exec</c>, good for <c>--resume</c>.</summary>
internal sealed record ExecReport(
    string SqlSha256,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    bool DryRun,
    int Done,
    int Failed,
    int Unknown,
    int Absent,
    int Pending,
    IReadOnlyList<ExecResult> Tenants,
    string? Project = null)
{
    public static string HashOf(string sql) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));

    public static ExecReport Of(string sql, string? project, DateTimeOffset startedAt, DateTimeOffset finishedAt, bool dryRun, IReadOnlyList<ExecResult> tenants)
    {
        int Count(ExecStatus status) => tenants.Count(t => t.Status == status);
        return new ExecReport(
            HashOf(sql), startedAt, finishedAt, dryRun,
            Count(ExecStatus.Done), Count(ExecStatus.Failed), Count(ExecStatus.Unknown), Count(ExecStatus.Absent), Count(ExecStatus.Pending), tenants, project);
    }

    /// <summary>Writes it in one step, so that an interruption leaves the report of before or this one, never half of one.</summary>
    public async Task SaveAsync(string path)
    {
        var next = path + ".next";
        await File.WriteAllTextAsync(next, JsonSerializer.Serialize(this, CommandOutput.Json));
        File.Move(next, path, overwrite: true);
    }

    public static async Task<ExecReport> LoadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync<ExecReport>(file, CommandOutput.Json, cancellationToken)
                ?? throw new CommandException($"'{path}' is not a report of exec.");
        }
        catch (Exception exception) when (exception is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(exception is JsonException ? $"'{path}' is not a report of exec." : $"There is no report '{path}'.");
        }
    }
}
