using System.Diagnostics;
using Npgsql;

namespace HyperConn.Host.Commands;

/// <summary>What <c>exec --resume</c> does with tenants of which nobody knows whether their SQL was carried out.</summary>
internal enum UnknownChoice
{
    /// <summary>Leaves them as they are, for people to look at.</summary>
    Keep,

    /// <summary>Counts them as done.</summary>
    Done,

    /// <summary>Runs the SQL again.</summary>
    Rerun,
}

/// <summary>Asks the tenant's server how a transaction ended whose answer never came.</summary>
/// <param name="pools">The tenants.</param>
/// <param name="patience">How long a transaction that still runs is waited for.</param>
/// <param name="clock">The time.</param>
internal sealed class InterruptedTenant(ITenantPools pools, TimeSpan patience, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Asks, and waits while the transaction still runs.</summary>
    /// <returns>How it ended, and, when that is not known, why.</returns>
    public async Task<(TransactionFate Fate, string? Why)> AskAsync(TenantKey tenant, string? xid, string? server, CancellationToken stop)
    {
        if (xid is null || server is null)
            return (TransactionFate.Unknown, "The server can't tell how a transaction ended. Look up whether it was carried out.");
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            TransactionFate fate;
            try
            {
                await using var connection = await pools.OpenConnectionAsync(tenant, stop);
                fate = await TransactionStatus.OfAsync(connection, xid, server, stop);
            }
            catch (Exception exception) when (exception is HyperConnException or NpgsqlException)
            {
                return (TransactionFate.Unknown, $"The server can't be asked now how transaction {xid} ended: {(exception as HyperConnException)?.Message ?? "the connection broke."} --resume asks again.");
            }

            switch (fate)
            {
                case TransactionFate.Unknown:
                    return (fate, $"The server that answers now can't tell how transaction {xid} ended: it is another one or a standby, crashed since, or has forgotten it. Look up whether it was carried out.");
                case TransactionFate.InProgress when Stopwatch.GetElapsedTime(started) > patience:
                    return (fate, $"Transaction {xid} of the interrupted run still runs on the server. Wait for it or end it, then --resume.");
                case TransactionFate.InProgress:
                    await Task.Delay(Pause, clock, stop);
                    break;
                default:
                    return (fate, null);
            }
        }
    }
}
