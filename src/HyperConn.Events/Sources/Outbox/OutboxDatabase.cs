using Npgsql;

namespace HyperConn.Events.Sources;

/// <summary>The outbox's own connections, where it is in no tenant's database.</summary>
internal static class OutboxDatabase
{
    /// <exception cref="HyperConnException">Npgsql can't read the text, which is not quoted.</exception>
    public static NpgsqlDataSource Create(string connectionString)
    {
        try
        {
            var text = new NpgsqlConnectionStringBuilder(connectionString) { Enlist = false, MaxPoolSize = 8 };
            text.ApplicationName ??= "hyperconn-outbox";
            return NpgsqlDataSource.Create(text);
        }
        catch (ArgumentException)
        {
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured, "ConnectionString of the outbox is not one that Npgsql can read."));
        }
    }
}
