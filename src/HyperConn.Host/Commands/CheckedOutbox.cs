using HyperConn.Events;
using HyperConn.Events.Sources;
using Npgsql;

namespace HyperConn.Host.Commands;

/// <summary>What <c>check</c> found of the outbox that <c>worker.events</c> names.</summary>
/// <param name="Table">The table.</param>
/// <param name="Message">What is wrong; null: nothing.</param>
/// <param name="Advice">How to mend it.</param>
/// <param name="Ddl">What makes the table, where it is missing and <c>run</c> can't.</param>
internal sealed record CheckedOutbox(string Table, string? Message, string? Advice, string? Ddl)
{
    /// <summary>Looks for the table in its database.</summary>
    public static async Task<CheckedOutbox> LookAsync(OutboxOptions options, ITenantPools pools, CancellationToken stop)
    {
        if (options.Faults().ToList() is { Count: > 0 } faults)
            return new CheckedOutbox(options.Table, string.Join(' ', faults), "Correct hyperconn-host.outbox.", null);
        try
        {
            await using var own = options.Tenant is null ? OutboxDatabase.Create(options.ConnectionString!) : null;
            await using var connection = own is null ? await pools.OpenConnectionAsync(options.Tenant!.Value, stop) : await own.OpenConnectionAsync(stop);
            var table = EventTable.Outbox(options);
            return await table.LookAsync(connection, stop) is { } fault
                ? new CheckedOutbox(table.Name, fault.Message, table.Advice(fault.IsMissing), fault.IsMissing ? table.Ddl : null)
                : new CheckedOutbox(table.Name, null, null, null);
        }
        catch (HyperConnException fault)
        {
            return new CheckedOutbox(options.Table, fault.Message, Commands.Advice.For(fault.Code), null);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            var message = (fault as PostgresException)?.MessageText ?? fault.Message;
            return new CheckedOutbox(options.Table, $"Its database can't be asked: {message}", "See hyperconn-host.outbox and the server's log.", null);
        }
    }
}
