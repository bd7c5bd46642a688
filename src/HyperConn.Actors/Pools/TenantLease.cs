using System.Data.Common;
using Npgsql;

namespace HyperConn;

/// <summary>Runs one execution of a command or batch on a lease of its own.</summary>
internal static class TenantLease
{
    public static T Run<T>(TenantDataSource source, Action<NpgsqlConnection?> bind, Func<T> run)
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
        TenantDataSource source, Action<NpgsqlConnection?> bind, Func<CancellationToken, Task<T>> run, CancellationToken cancellationToken)
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
    public static DbDataReader Read(TenantDataSource source, Action<NpgsqlConnection?> bind, Func<DbDataReader> read)
    {
        var connection = source.OpenConnection();
        try
        {
            bind(connection);
            return read();
        }
        catch
        {
            bind(null);
            connection.Dispose();
            throw;
        }
    }

    public static async Task<DbDataReader> ReadAsync(
        TenantDataSource source, Action<NpgsqlConnection?> bind, Func<CancellationToken, Task<DbDataReader>> read, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            bind(connection);
            return await read(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            bind(null);
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public static InvalidOperationException NotHere() => new(
        "A command made by a data source opens its own connection. For a transaction, open a connection and make the command on it.");
}
