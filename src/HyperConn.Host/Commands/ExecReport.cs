using System.Security.Cryptography;
using System.Text;
using HyperConn.Events;

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

    /// <summary>Whether it was carried out can't be told, not even by the server: it must be looked up.</summary>
    Unknown,

    /// <summary>The organisation does not have the service.</summary>
    Absent,

    /// <summary>Its transaction has begun. In a report that was left so, the run was interrupted: the server is asked how it ended.</summary>
    Started,
}

/// <summary>One line of the report.</summary>
/// <param name="Service">The tenant's service.</param>
/// <param name="Org">Its organisation.</param>
/// <param name="Status">How it went.</param>
/// <param name="Attempts">Tries so far.</param>
/// <param name="Rows">Rows the SQL changed; null: not known.</param>
/// <param name="Milliseconds">Time for all tries.</param>
/// <param name="Code">Short name of what went wrong.</param>
/// <param name="Message">What went wrong, for people.</param>
/// <param name="Xid">The transaction's number on the server (<c>pg_current_xact_id</c>), while how it ended may have to be asked.</param>
/// <param name="Server">The server and its timeline, without which the number means nothing.</param>
internal sealed record ExecResult(
    string Service,
    string Org,
    ExecStatus Status,
    int Attempts = 0,
    long? Rows = null,
    double? Milliseconds = null,
    string? Code = null,
    string? Message = null,
    string? Xid = null,
    string? Server = null);

/// <summary>
/// The report of one <c>exec</c>, good for <c>--resume</c>. <c>Run</c> names the run that its journal belongs to, <c>Resumes</c> the run
/// before it, whose journal is in this report.
/// </summary>
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
    string? Project = null,
    string? Run = null,
    string? Resumes = null)
{
    private static readonly ReportFile<ExecReport> Stored = new("exec", report => report.IsWhole);

    public static string HashOf(string sql) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));

    public static ExecReport Of(string sql, string? project, DateTimeOffset startedAt, DateTimeOffset finishedAt, bool dryRun, IReadOnlyList<ExecResult> tenants)
    {
        int Count(ExecStatus status) => tenants.Count(t => t.Status == status);
        return new ExecReport(
            HashOf(sql), startedAt, finishedAt, dryRun,
            Count(ExecStatus.Done), Count(ExecStatus.Failed), Count(ExecStatus.Unknown), Count(ExecStatus.Absent),
            Count(ExecStatus.Pending) + Count(ExecStatus.Started), tenants, project);
    }

    /// <summary>Makes sure that no file is replaced but an earlier report whose run ended (or an empty file).</summary>
    /// <exception cref="CommandException">It would be; the message says what to do.</exception>
    public static Task MayReplaceAsync(string path, CancellationToken cancellationToken) => FileFacts.KindOf(ExecJournal.PathOf(path)) != FileKind.None
        ? throw new CommandException($"'{path}' is of an exec that was interrupted, or still runs. Go on with it by --resume, or name another file.")
        : Stored.MayReplaceAsync(path, cancellationToken);

    /// <inheritdoc cref="ReportFile{T}.LoadAsync"/>
    public static Task<ExecReport> LoadAsync(string path, CancellationToken cancellationToken) => Stored.LoadAsync(path, cancellationToken);

    private bool IsWhole => SqlSha256 is not null && Tenants is not null
        && Tenants.All(t => t is not null && Enum.IsDefined(t.Status) && TenantKey.TryCreate(t.Service, t.Org, out _))
        && Tenants.DistinctBy(t => (t.Service, t.Org)).Count() == Tenants.Count;
}
