using System.Text;
using HyperConn.ConnectionStrings;
using HyperConn.TypeCatalogues;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>Makes the <see cref="NpgsqlDataSource"/> of a generation.</summary>
internal static class DataSourceFactory
{
    private const string DefaultApplicationName = "hyperconn";

    // PostgreSQL manual, 4.1.1: longer names are cut off at NAMEDATALEN - 1 bytes, and two tenants' could become one.
    private const int MaxIdentifierBytes = 63;

    // Npgsql's own limit of Timeout.
    private const int MaxConnectSeconds = 1024;

    // Pooling is HyperConn's business, and a secret must not let the password out of the data source.
    private static readonly string[] HeldAtDefault =
        ["Pooling", "Minimum Pool Size", "Connection Pruning Interval", "No Reset On Close", "Multiplexing", "Keepalive", "Persist Security Info"];

    /// <summary>The data source of a pool.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="credentials">Everything but the password.</param>
    /// <param name="password">Asked for the password of each physical connection.</param>
    /// <param name="loggers">What Npgsql logs with.</param>
    /// <param name="options">Settings.</param>
    /// <param name="types">Where its types come from; null: it loads its own.</param>
    /// <param name="isDirect">Whether its sessions are known to be the server's own, and not a pooler's.</param>
    public static NpgsqlDataSource Build(
        TenantKey tenant,
        PostgresCredentials credentials,
        Func<string> password,
        ILoggerFactory loggers,
        HyperConnOptions options,
        CatalogueSharing? types = null,
        Func<bool>? isDirect = null) =>
        Builder(new MarkedPassword(tenant, password, types) { IsDirect = isDirect }, credentials, loggers, options, pooled: true).Build();

    /// <summary>A data source for one command beside the pool: it must work when every connection of the pool is taken.</summary>
    public static NpgsqlDataSource BuildUnpooled(
        TenantKey tenant, PostgresCredentials credentials, Func<string> password, ILoggerFactory loggers, HyperConnOptions options) =>
        Builder(new MarkedPassword(tenant, password, catalogues: null), credentials, loggers, options, pooled: false).Build();

    /// <summary>The connection string for people: no password of any kind.</summary>
    public static string Describe(PostgresCredentials credentials)
    {
        var settings = credentials.ToNpgsql();
        settings.Remove("Password");
        settings.Remove("SSL Password");
        return settings.ConnectionString;
    }

    /// <summary>The search path that sessions ask for when they start; null: none.</summary>
    /// <exception cref="HyperConnException">The tenant's schema has a name that PostgreSQL would cut off.</exception>
    public static string? SearchPath(TenantKey tenant, PostgresCredentials credentials, SchemaOptions schemas)
    {
        if (Schema(tenant, schemas) is { } schema)
            return QuoteIdentifier(schema);

        // Npgsql's own keyword beats options.
        var settings = credentials.ToNpgsql();
        return settings.SearchPath is { Length: > 0 } path ? path
            : settings.Options is { } options ? SessionOptions.Value(options, "search_path")
            : null;
    }

    private static NpgsqlDataSourceBuilder Builder(
        MarkedPassword password, PostgresCredentials credentials, ILoggerFactory loggers, HyperConnOptions options, bool pooled)
    {
        var tenant = password.Tenant;
        var settings = credentials.ToNpgsql();
        var connections = options.Connections;
        settings.MaxPoolSize = connections.MaxPerTenant;
        var idle = Seconds(connections.IdleLifetime, max: int.MaxValue);
        settings.ConnectionIdleLifetime = idle;

        // A keyword that is there costs each tenant's data source some hundred bytes, so what is Npgsql's default is said by leaving it out.
        // Keepalive above all: a lease ends when its connection closes, and Npgsql's keepalive could break one in the instant between
        // opening and the lease's subscription. TCP keepalives do the same work below.
        foreach (var keyword in HeldAtDefault)
            settings.Remove(keyword);
        if (!pooled)
            settings.Pooling = false;
        else if (options.Servers.KeepIdlePerTenant > 0)
            // Npgsql closes what was idle for its lifetime by itself, down to this.
            settings.MinPoolSize = Math.Min(options.Servers.KeepIdlePerTenant, connections.MaxPerTenant);
        // Npgsql keeps a sample for each interval of the lifetime, in each pool.
        var pruning = Math.Clamp(idle / 3, 1, Math.Max(10, idle / 30));
        if (settings.ConnectionPruningInterval != pruning)
            settings.ConnectionPruningInterval = pruning;
        // ContainsKey is true for every keyword Npgsql knows; this is about those that are set.
        var connect = settings.ShouldSerialize("Timeout") ? settings.Timeout : Seconds(connections.ConnectTimeout, MaxConnectSeconds);

        // Nobody waits longer than that for a connection, and an open that nobody waits for keeps its permit.
        var max = Seconds(options.Pools.AcquireTimeout, MaxConnectSeconds);
        settings.Timeout = connect == 0 ? max : Math.Min(connect, max);
        var command = connections.CommandTimeout == TimeSpan.Zero ? 0 : Seconds(connections.CommandTimeout, int.MaxValue);
        if (!settings.ShouldSerialize("Command Timeout") && settings.CommandTimeout != command)
            settings.CommandTimeout = command;
        settings.ApplicationName = SessionTag.On(settings.ApplicationName ?? DefaultApplicationName, options.SessionTag);
        if (Schema(tenant, options.Schemas) is { } schema)
            settings.SearchPath = QuoteIdentifier(schema);

        // The name becomes a metric tag; without one Npgsql would use the connection string, SSL password included.
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = tenant.ToString() };
        builder.UseLoggerFactory(loggers);
        if (connections.NoTypeLoading)
            builder.ConfigureTypeLoading(loading => loading.EnableTypeLoading(false));
        credentials.GuardCertificates(builder);
        builder.UsePasswordProvider(password.Get, password.GetAsync);
        connections.ConfigureDataSource?.Invoke(tenant, builder);
        password.Mark(builder);
        EnsureUnchanged(settings, builder.ConnectionStringBuilder);
        return builder;
    }

    private static string? Schema(TenantKey tenant, SchemaOptions schemas)
    {
        var schema = schemas.ByOrg.TryGetValue(tenant.Org, out var own)
            ? own
            : schemas.Template?
                .Replace("{org}", tenant.Org, StringComparison.Ordinal)
                .Replace("{service}", tenant.Service, StringComparison.Ordinal);
        if (schema is not null && Encoding.UTF8.GetByteCount(schema) > MaxIdentifierBytes)
        {
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.InvalidTenant,
                $"The schema '{schema}' is longer than the {MaxIdentifierBytes} bytes PostgreSQL tells names apart by. "
                + "Give the organisation a shorter one in Schemas.ByOrg, or shorten Schemas.Template.",
                tenant));
        }

        return schema;
    }

    /// <summary>PostgreSQL manual, 4.1.1: a quoted identifier may hold anything but NUL; a quote is written twice.</summary>
    public static string QuoteIdentifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static void EnsureUnchanged(NpgsqlConnectionStringBuilder before, NpgsqlConnectionStringBuilder after)
    {
        if (before.Host != after.Host || before.Port != after.Port || before.Username != after.Username || before.Database != after.Database
            || before.MaxPoolSize != after.MaxPoolSize || before.Pooling != after.Pooling || after.Multiplexing || after.NoResetOnClose || after.KeepAlive != 0)
        {
            throw new InvalidOperationException(
                "ConfigureDataSource changed host, port, user, database or pooling of a tenant's data source. These are HyperConn's; change the secret instead.");
        }
    }

    private static int Seconds(TimeSpan time, int max) => (int)Math.Clamp(Math.Ceiling(time.TotalSeconds), 1, max);
}
