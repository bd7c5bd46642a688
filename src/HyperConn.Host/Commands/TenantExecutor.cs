using System.Diagnostics;
using Npgsql;

namespace HyperConn.Host.Commands;

/// <summary>Runs SQL on tenants, in a transaction each, and tries again what may succeed the next time.</summary>
internal sealed class TenantExecutor(ITenantPools pools, string sql, bool dryRun, int retries, TimeSpan timeout, TimeProvider clock)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MostAway = TimeSpan.FromSeconds(1);

    private static readonly Attempt Ended = new(
        ExecStatus.Unknown, false, null, "transactionEnded", "The SQL ended the transaction it was run in: part of it or all may be committed. Look it up.");

    private readonly InterruptedTenant _interrupted = new(pools, timeout, clock);

    /// <summary>Runs it on one tenant. Never throws but on cancellation, and when nothing can be noted any more.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="note">Writes down that a transaction has begun, before the SQL is sent; null: nobody wants to know.</param>
    /// <param name="stop">Rolls back what is under way, unless its commit has begun.</param>
    /// <exception cref="ReportLostException">The note can't be written.</exception>
    public async Task<ExecResult> RunAsync(TenantKey tenant, Func<ExecResult, Task>? note, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        for (var number = 1; ; number++)
        {
            var noted = new Noted(tenant, number, note);
            var result = await TryAsync(noted, stop);
            if (result.MustAsk)
                result = await AskAsync(noted, result, stop);

            // A server that is away has been waited for already, as long as acquire-timeout says.
            var waited = result.Away && Stopwatch.GetElapsedTime(started) > MostAway;
            if (result.Status != ExecStatus.Failed || !result.MayRetry || number > retries || waited)
            {
                var known = result.MustAsk;
                return new ExecResult(
                    tenant.Service, tenant.Org, result.Status, number, result.Rows, Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 1),
                    result.Code, result.Message, known ? noted.Xid : null, known ? noted.Server : null);
            }

            // Spread out, so that those that deadlocked with each other don't meet again.
            await Task.Delay(FirstPause * Math.Pow(2, number - 1) * (0.5 + Random.Shared.NextDouble()), clock, stop);
        }
    }

    /// <summary>Goes on with a tenant whose last transaction was interrupted: it is run again only when that one was not carried out.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="before">How it stood.</param>
    /// <param name="choice">What to do when nobody can tell.</param>
    /// <param name="note">Writes down that a transaction has begun.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<ExecResult> ResumeAsync(TenantKey tenant, ExecResult before, UnknownChoice choice, Func<ExecResult, Task>? note, CancellationToken stop)
    {
        var (fate, why) = await _interrupted.AskAsync(tenant, before.Xid, before.Server, stop);
        return fate switch
        {
            TransactionFate.Committed => Closed(before, "It was carried out before the run was interrupted."),
            TransactionFate.Aborted => await RunAsync(tenant, note, stop),
            TransactionFate.Unknown when choice == UnknownChoice.Rerun => await RunAsync(tenant, note, stop),
            TransactionFate.Unknown when choice == UnknownChoice.Done => Closed(before, "Counted as done, as asked."),
            _ => before with { Status = ExecStatus.Unknown, Code = before.Status == ExecStatus.Started ? "interrupted" : before.Code, Message = why },
        };
    }

    /// <summary>SQLSTATEs of faults that pass: serialization, deadlock, lock not available, resources, connection, shutting down or starting.</summary>
    internal static bool IsRetryable(string sqlState) =>
        sqlState is "40001" or "40P01" or "55P03" or "57P01" or "57P02" or "57P03"
        || sqlState.StartsWith("53", StringComparison.Ordinal)
        || sqlState.StartsWith("08", StringComparison.Ordinal);

    private static ExecResult Closed(ExecResult before, string message) =>
        before with { Status = ExecStatus.Done, Code = null, Message = message, Xid = null, Server = null };

    private static bool IsRetryable(HyperConnErrorCode code) => code
        is HyperConnErrorCode.TimedOut or HyperConnErrorCode.BudgetTimedOut or HyperConnErrorCode.WaitersFull
        or HyperConnErrorCode.ServerUnreachable or HyperConnErrorCode.StoreThrottled or HyperConnErrorCode.StoreUnavailable
        or HyperConnErrorCode.CapacityReached;

    private async Task<Attempt> TryAsync(Noted noted, CancellationToken stop)
    {
        var committing = false;
        try
        {
            await using var connection = await pools.OpenConnectionAsync(noted.Tenant, stop);
            noted.Server = dryRun ? null : await TransactionStatus.ServerAsync(connection, stop);
            await using var transaction = await connection.BeginTransactionAsync(stop);
            noted.Xid = await TransactionStatus.XidAsync(connection, transaction, stop);
            if (!dryRun && noted.Xid is not null)
                await noted.WriteAsync();
            await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = (int)Math.Ceiling(timeout.TotalSeconds) };
            var rows = await command.ExecuteNonQueryAsync(stop);
            if (dryRun)
            {
                if (await TransactionStatus.XidAsync(connection, transaction, stop) != noted.Xid)
                    return Ended;
                await transaction.RollbackAsync(stop);
            }
            else
            {
                // Once begun, a commit is not cancelled: its outcome would be anybody's guess.
                committing = true;
                await transaction.CommitAsync(CancellationToken.None);
            }

            return new Attempt(ExecStatus.Done, false, Math.Max(0, rows), null, null);
        }
        catch (PostgresException refused)
        {
            // An answer of the server, also to a commit, says that nothing was changed; unless it died meanwhile.
            var unknown = committing && (refused.SqlState.StartsWith("57P", StringComparison.Ordinal) || refused.SqlState.StartsWith("08", StringComparison.Ordinal));
            return new Attempt(unknown ? ExecStatus.Unknown : ExecStatus.Failed, IsRetryable(refused.SqlState), null, refused.SqlState, refused.MessageText, unknown);
        }
        catch (HyperConnException failure)
        {
            return failure.Code == HyperConnErrorCode.KeyNotFound
                ? new Attempt(ExecStatus.Absent, false, null, failure.Code.ToString(), null)
                : new Attempt(ExecStatus.Failed, IsRetryable(failure.Code), null, failure.Code.ToString(), failure.Message);
        }
        catch (InvalidOperationException)
        {
            // Npgsql's word for a transaction that is not there any more.
            return Ended;
        }
        catch (NpgsqlException broken)
        {
            return committing
                ? new Attempt(ExecStatus.Unknown, true, null, "connection", "The connection broke during the commit. Look up whether it was carried out.", MustAsk: true)
                : new Attempt(ExecStatus.Failed, broken.InnerException is not TimeoutException, null, broken.InnerException is TimeoutException ? "timeout" : "connection", "The connection broke or the statement took too long; it was rolled back.");
        }
        catch (Exception other) when (other is not (OperationCanceledException or ReportLostException))
        {
            // One tenant's fault, whatever it is, does not end the run of the others.
            return new Attempt(ExecStatus.Unknown, false, null, other.GetType().Name, "An unexpected fault; look up what was carried out.", MustAsk: true);
        }
    }

    /// <summary>The answer to a commit never came: the server is asked on another connection.</summary>
    private async Task<Attempt> AskAsync(Noted noted, Attempt attempt, CancellationToken stop)
    {
        // Without a number the SQL was not sent yet, or the server only reads.
        if (noted.Xid is null)
            return attempt with { Status = ExecStatus.Failed, MustAsk = false };
        try
        {
            var (fate, why) = await _interrupted.AskAsync(noted.Tenant, noted.Xid, noted.Server, stop);
            return fate switch
            {
                TransactionFate.Committed => new Attempt(ExecStatus.Done, false, null, null, null),
                TransactionFate.Aborted => attempt with { Status = ExecStatus.Failed, MustAsk = false, Message = "The connection broke during the commit; it was rolled back." },
                _ => attempt with { Message = why },
            };
        }
        catch (OperationCanceledException)
        {
            return attempt;
        }
    }

    private readonly record struct Attempt(ExecStatus Status, bool MayRetry, long? Rows, string? Code, string? Message, bool MustAsk = false)
    {
        /// <summary>Whether the server gave no answer.</summary>
        public bool Away => Code is nameof(HyperConnErrorCode.ServerUnreachable) or nameof(HyperConnErrorCode.TimedOut);
    }

    /// <summary>What is known of a try before its SQL is sent.</summary>
    private sealed class Noted(TenantKey tenant, int attempt, Func<ExecResult, Task>? note)
    {
        public TenantKey Tenant => tenant;

        public string? Server { get; set; }

        public string? Xid { get; set; }

        public Task WriteAsync() => note?.Invoke(new ExecResult(tenant.Service, tenant.Org, ExecStatus.Started, attempt, Xid: Xid, Server: Server)) ?? Task.CompletedTask;
    }
}
