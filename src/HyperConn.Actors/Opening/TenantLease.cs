using System.Data.Common;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Runs one execution of a command or batch on a lease of its own.</summary>
internal static class TenantLease
{
    public static T Run<T>(ILeaseSource source, Action<NpgsqlConnection?> bind, Func<T> run)
    {
        using var connection = source.OpenConnection();
        bind(connection);
        try
        {
            return run();
        }
        finally
        {
            bind(null);
        }
    }

    public static async Task<T> RunAsync<T>(
        ILeaseSource source, Action<NpgsqlConnection?> bind, Func<CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        bind(connection);
        try
        {
            return await run(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            bind(null);
        }
    }

    /// <summary>The reader takes the lease with it: closing the reader closes the connection.</summary>
    public static DbDataReader Read(ILeaseSource source, Action<NpgsqlConnection?> bind, Func<DbDataReader> read)
    {
        var connection = source.OpenConnection();
        var bound = false;
        try
        {
            bind(connection);
            bound = true;
            return read();
        }
        catch
        {
            // First of all the lease. A command whose earlier reader is still open takes no other connection, and keeps the one it has.
            connection.Dispose();
            if (bound)
                bind(null);
            throw;
        }
    }

    public static async Task<DbDataReader> ReadAsync(
        ILeaseSource source, Action<NpgsqlConnection?> bind, Func<CancellationToken, Task<DbDataReader>> read, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        var bound = false;
        try
        {
            bind(connection);
            bound = true;
            return await read(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (bound)
                bind(null);
            throw;
        }
    }

    /// <summary>The connection that a command or batch is to run on.</summary>
    /// <param name="source">Where it takes leases of its own; then it can be given no connection.</param>
    /// <param name="given">The connection; null: none.</param>
    public static TenantConnection? ConnectionOf(ILeaseSource? source, DbConnection? given)
    {
        RefuseWithLease(source);
        return given is null or TenantConnection ? (TenantConnection?)given : throw NotOurs(given);
    }

    /// <summary>The transaction that a command or batch is part of, which is its connection's anyway.</summary>
    /// <inheritdoc cref="ConnectionOf"/>
    public static DbTransaction? TransactionOf(ILeaseSource? source, DbTransaction? given)
    {
        RefuseWithLease(source);
        return given is null or TenantTransaction ? given : throw NotOurs(given);
    }

    /// <summary>Npgsql's connection beneath.</summary>
    /// <exception cref="InvalidOperationException">There is no connection, or it is not open.</exception>
    public static NpgsqlConnection OpenOf(TenantConnection? connection) =>
        (connection ?? throw new InvalidOperationException("It has no connection to run on.")).Npgsql;

    private static void RefuseWithLease(ILeaseSource? source)
    {
        if (source is not null)
        {
            throw new InvalidOperationException(
                "A command made by a data source opens its own connection. For a transaction, open a connection and make the command on it.");
        }
    }

    private static InvalidOperationException NotOurs(object given) => new(
        $"A command of a tenant's connection takes a {nameof(TenantConnection)} and its transactions, not a {given.GetType().Name}.");
}
