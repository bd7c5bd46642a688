using System.Collections.Concurrent;
using Npgsql;

namespace HyperConn.Host.Commands;

/// <summary>Finds out what stands where tenants connect to: PostgreSQL, or a pooler and how it pools.</summary>
internal sealed class ServerLook
{
    public const string Server = "PostgreSQL";
    public const string Pooler = "a pooler";
    public const string SessionPooler = "a pooler, session pooling";
    public const string TransactionPooler = "a pooler, transaction pooling";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _kinds = new(StringComparer.Ordinal);

    /// <summary>What was found so far, in the order of the servers' names.</summary>
    public IReadOnlyList<CheckedServer> Found =>
        [.. _kinds.Where(pair => pair.Value.Value.IsCompletedSuccessfully).Select(pair => new CheckedServer(pair.Key, pair.Value.Value.Result)).OrderBy(s => s.Server, StringComparer.Ordinal)];

    /// <summary>Looks by a session of a tenant, once for each server.</summary>
    /// <param name="server">Host and port.</param>
    /// <param name="source">The tenant's data source.</param>
    /// <param name="session">An open session of it, between two transactions.</param>
    /// <param name="stop">Ends it.</param>
    public Task<string> LookAsync(string server, TenantDataSource source, NpgsqlConnection session, CancellationToken stop) =>
        _kinds.GetOrAdd(server, _ => new(() => LookAsync(source, session, stop))).Value;

    private static async Task<string> LookAsync(TenantDataSource source, NpgsqlConnection session, CancellationToken stop)
    {
        var process = await ProcessAsync(session, stop);
        if (process == session.ProcessID)
            return Server;

        // The first session is open and idle. In session pooling its process is its own; in transaction pooling the next one in line gets it.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        try
        {
            await using var second = await source.OpenConnectionAsync(patience.Token);
            var seconds = await ProcessAsync(second, patience.Token);
            return seconds == process || await ProcessAsync(session, patience.Token) != process ? TransactionPooler : SessionPooler;
        }
        catch (Exception exception) when (exception is HyperConnException or NpgsqlException || (exception is OperationCanceledException && !stop.IsCancellationRequested))
        {
            // No second session to be had: one a tenant, say.
            return Pooler;
        }
    }

    private static async Task<int> ProcessAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand("select pg_backend_pid()", connection);
        return (int)(await command.ExecuteScalarAsync(stop))!;
    }
}

/// <summary>A server that tenants connect to, and what it is.</summary>
internal sealed record CheckedServer(string Server, string Kind);
