using System.Data.Common;
using System.Diagnostics;
using Npgsql;

namespace HyperConn.Host.Commands;

/// <summary>Runs SQL on tenants, in a transaction each, and tries again what may succeed the next time.</summary>
internal sealed class TenantExecutor(ITenantPools pools, string sql, bool dryRun, int retries, TimeSpan timeout, TimeProvider clock)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MostAway = TimeSpan.FromSeconds(1);

    /// <summary>Runs it on one tenant. Never throws but on cancellation.</summary>
    public async Task<ExecResult> RunAsync(TenantKey tenant, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            var result = await TryAsync(tenant, stop);
            // A server that is away has been waited for already, as long as acquire-timeout says.
            var waited = result.Away && Stopwatch.GetElapsedTime(started) > MostAway;
            if (result.Status != ExecStatus.Failed || !result.MayRetry || attempt > retries || waited)
            {
                return new ExecResult(
                    tenant.Service, tenant.Org, result.Status, attempt, result.Rows,
                    Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 1), result.Code, result.Message);
            }

            // Spread out, so that those that deadlocked with each other don't meet again.
            await Task.Delay(FirstPause * Math.Pow(2, attempt - 1) * (0.5 + Random.Shared.NextDouble()), clock, stop);
        }
    }

    private static readonly Attempt Ended = new(
        ExecStatus.Unknown, false, null, "transactionEnded", "The SQL ended the transaction it was run in: part of it or all may be committed. Look it up.");

    /// <summary>SQLSTATEs of faults that pass: serialization, deadlock, lock not available, resources, connection, shutting down or starting.</summary>
    internal static bool IsRetryable(string sqlState) =>
        sqlState is "40001" or "40P01" or "55P03" or "57P01" or "57P02" or "57P03"
        || sqlState.StartsWith("53", StringComparison.Ordinal)
        || sqlState.StartsWith("08", StringComparison.Ordinal);

    private static bool IsRetryable(HyperConnErrorCode code) => code
        is HyperConnErrorCode.TimedOut or HyperConnErrorCode.BudgetTimedOut or HyperConnErrorCode.WaitersFull
        or HyperConnErrorCode.ServerUnreachable or HyperConnErrorCode.StoreThrottled or HyperConnErrorCode.StoreUnavailable
        or HyperConnErrorCode.CapacityReached;

    private async Task<Attempt> TryAsync(TenantKey tenant, CancellationToken stop)
    {
        var committing = false;
        try
        {
            await using var connection = await pools.OpenConnectionAsync(tenant, stop);
            await using var transaction = await connection.BeginTransactionAsync(stop);
            var before = dryRun ? await TransactionIdAsync(connection, transaction, stop) : null;
            await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = (int)Math.Ceiling(timeout.TotalSeconds) };
            var rows = await command.ExecuteNonQueryAsync(stop);
            if (dryRun)
            {
                if (!Equals(await TransactionIdAsync(connection, transaction, stop), before))
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
            return new Attempt(unknown ? ExecStatus.Unknown : ExecStatus.Failed, IsRetryable(refused.SqlState), null, refused.SqlState, refused.MessageText);
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
                ? new Attempt(ExecStatus.Unknown, false, null, "connection", "The connection broke during the commit. Look up whether it was carried out.")
                : new Attempt(ExecStatus.Failed, broken.InnerException is not TimeoutException, null, broken.InnerException is TimeoutException ? "timeout" : "connection", "The connection broke or the statement took too long; it was rolled back.");
        }
        catch (Exception other) when (other is not OperationCanceledException)
        {
            // One tenant's fault, whatever it is, does not end the run of the others.
            return new Attempt(ExecStatus.Unknown, false, null, other.GetType().Name, "An unexpected fault; look up what was carried out.");
        }
    }

    private static async Task<object?> TransactionIdAsync(DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        await using var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = ("select txid_current()", transaction);
        return await command.ExecuteScalarAsync(stop) is long id ? id : null;
    }

    private readonly record struct Attempt(ExecStatus Status, bool MayRetry, long? Rows, string? Code, string? Message)
    {
        /// <summary>Whether the server gave no answer.</summary>
        public bool Away => Code is nameof(HyperConnErrorCode.ServerUnreachable) or nameof(HyperConnErrorCode.TimedOut);
    }
}
