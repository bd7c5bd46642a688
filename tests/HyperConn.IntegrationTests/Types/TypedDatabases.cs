using System.Data;
using HyperConn.ConnectionStrings;
using HyperConn.Host.Demo;
using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.TypeCatalogues;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace HyperConn.Tests.Types;

/// <summary>Databases with types in them, and data sources that share what they know of these. All gone when disposed.</summary>
internal sealed class TypedDatabases(PostgresServer server, bool sharing = true) : IAsyncDisposable
{
    private readonly List<NpgsqlDataSource> _sources = [];
    private readonly List<string> _databases = [];
    private readonly List<string> _roles = [];
    private int _tenants;

    public CatalogueSharing? Sharing { get; } = sharing ? new CatalogueSharing(new MonotonicClock(TimeProvider.System), NullLogger.Instance) : null;

    public TypeCatalogueStatistics Statistics => Sharing?.Statistics ?? new();

    public async Task<string> CreateAsync(string? sql = null, string? template = null)
    {
        var name = "types_" + Guid.NewGuid().ToString("N");
        await CreateNamedAsync(name, sql, template);
        return name;
    }

    public async Task CreateNamedAsync(string name, string? sql, string? template = null)
    {
        await RunAsync(null, $"create database {name}" + (template is null ? "" : $" template {template}"));
        _databases.Add(name);
        if (sql is not null)
            await RunAsync(name, sql);
    }

    public async Task<string> CreateRoleAsync()
    {
        var name = "types_" + Guid.NewGuid().ToString("N");
        await RunAsync(null, $"create role {name} login password 'x'");
        _roles.Add(name);
        return name;
    }

    public Task DropAsync(string name) => RunAsync(null, $"drop database if exists {name} with (force)");

    /// <summary>Runs statements as the administrator, on a connection of its own.</summary>
    public async Task RunAsync(string? database, string sql)
    {
        var settings = server.Admin(database);
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A data source of a further tenant.</summary>
    public NpgsqlDataSource Tenant(
        string database, Action<NpgsqlDataSourceBuilder>? configure = null, string? role = null, Action<NpgsqlConnectionStringBuilder>? address = null)
    {
        var settings = Settings(database, role);
        address?.Invoke(settings);
        var options = new HyperConnOptions();
        options.Connections.ConnectTimeout = options.Pools.AcquireTimeout = TimeSpan.FromMinutes(1);
        if (configure is not null)
            options.Connections.ConfigureDataSource = (_, builder) => configure(builder);
        var key = TenantKey.Create("core", $"org{Interlocked.Increment(ref _tenants)}");
        Assert.True(PostgresCredentials.TryParse(settings.ConnectionString, out var credentials, out var fault), fault);
        return Keep(DataSourceFactory.Build(key, credentials, () => settings.Password!, NullLoggerFactory.Instance, options, Sharing, isDirect: () => true));
    }

    /// <summary>A data source of Npgsql's alone.</summary>
    public NpgsqlDataSource Bare(string database, Action<NpgsqlDataSourceBuilder>? configure = null, string? role = null)
    {
        var builder = new NpgsqlDataSourceBuilder(Settings(database, role).ConnectionString);
        configure?.Invoke(builder);
        return Keep(builder.Build());
    }

    /// <summary>Opens data sources of tenants until the catalogue is shared: the first may be its database's only user, the second loads it.</summary>
    public async Task ShareAsync(string database)
    {
        for (var i = 0; i < 2; i++)
            await ScalarAsync<int>(Tenant(database), "select 1");
    }

    public static async Task<T> ScalarAsync<T>(NpgsqlDataSource source, string sql, object? parameter = null)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        if (parameter is not null)
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        return await reader.GetFieldValueAsync<T>(0);
    }

    /// <summary>Everything a data source says of its types.</summary>
    public static async Task<IReadOnlyList<string>> KnownTypesAsync(NpgsqlDataSource source)
    {
        await using var connection = await source.OpenConnectionAsync();
        using var table = await connection.GetSchemaAsync("DataTypes");
        return [.. table.Rows.Cast<DataRow>().Select(row => string.Join('|', row.ItemArray)).Order(StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources)
            await source.DisposeAsync();
        foreach (var database in _databases)
            await DropAsync(database);
        foreach (var role in _roles)
            await RunAsync(null, $"drop role {role}");
    }

    private NpgsqlConnectionStringBuilder Settings(string database, string? role)
    {
        var settings = server.Admin(database);
        if (role is not null)
            (settings.Username, settings.Password) = (role, "x");
        settings.Remove("Pooling");
        return settings;
    }

    private NpgsqlDataSource Keep(NpgsqlDataSource source)
    {
        lock (_sources)
            _sources.Add(source);
        return source;
    }
}
