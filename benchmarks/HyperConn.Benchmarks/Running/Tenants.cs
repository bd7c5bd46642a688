using System.Text.Json;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Benchmarks.Running;

/// <summary>A PostgreSQL server of our own with tenants on it.</summary>
internal sealed class Tenants : IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly TenantProvisioner _provisioner;
    private readonly NpgsqlConnectionStringBuilder _admin;

    private Tenants(PostgresServer server, TenantProvisioner provisioner)
    {
        _server = server;
        _provisioner = provisioner;
        _admin = server.Admin();
        _admin.Pooling = false;
        Keys = [.. provisioner.Tenants.Select(tenant => tenant.Key)];
        Settings = provisioner.Tenants.ToDictionary(tenant => (tenant.Key.Service, tenant.Key.Org), Of);
    }

    public IReadOnlyList<TenantKey> Keys { get; }

    public PostgresServer Server => _server;

    public IReadOnlyList<ProvisionedTenant> All => _provisioner.Tenants;

    /// <summary>Settings of each tenant for a bare data source, the same that HyperConn derives from the secret.</summary>
    public IReadOnlyDictionary<(string Service, string Org), NpgsqlConnectionStringBuilder> Settings { get; }

    /// <param name="tenants">How many.</param>
    /// <param name="maxConnections">The server's.</param>
    /// <param name="ownDatabases">How many of them have a database to themselves; the others share one.</param>
    public static Task<Tenants> CreateAsync(int tenants, int maxConnections, int ownDatabases = 0) =>
        CreateAsync(new TenantPlan { Tenants = tenants, OwnDatabases = ownDatabases, Services = ["core"] }, maxConnections);

    /// <param name="plan">The tenants.</param>
    /// <param name="maxConnections">The server's.</param>
    public static async Task<Tenants> CreateAsync(TenantPlan plan, int maxConnections)
    {
        var server = await PostgresSources.StartAsync(
            new PostgresServerOptions { MaxConnections = maxConnections }, [new InstalledPostgresSource(), new EmbeddedPostgresSource()]);
        try
        {
            return new Tenants(server, await TenantProvisioner.CreateAsync(server, plan));
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public NpgsqlConnectionStringBuilder SettingsOf(TenantKey tenant, int maxPoolSize)
    {
        var settings = new NpgsqlConnectionStringBuilder(Settings[(tenant.Service, tenant.Org)].ConnectionString);
        settings.MaxPoolSize = maxPoolSize;
        return settings;
    }

    public IReadOnlyDictionary<(string Service, string Org), NpgsqlConnectionStringBuilder> SettingsWith(int maxPoolSize) =>
        Keys.ToDictionary(tenant => (tenant.Service, tenant.Org), tenant => SettingsOf(tenant, maxPoolSize));

    /// <summary>Every tenant's secret, as the store keeps it.</summary>
    public IReadOnlyDictionary<string, string> Secrets() => _provisioner.Tenants.ToDictionary(
        tenant => $"{Manager.Project}-{tenant.Key.Org}",
        tenant => JsonSerializer.Serialize(new Dictionary<string, string> { [$"{tenant.Key.Service}-postgresql"] = tenant.ConnectionUri + "?sslmode=disable" }));

    /// <param name="callTime">How long each call takes.</param>
    /// <param name="port">Where the server is instead; null: where it is.</param>
    public MemorySecretStore Store(TimeSpan callTime = default, int? port = null)
    {
        var store = new MemorySecretStore(callTime);
        foreach (var (name, text) in Secrets())
            store.Put(name, port is null ? text : text.Replace($":{_admin.Port}/", $":{port}/", StringComparison.Ordinal));
        return store;
    }

    /// <summary>Waits until the tenants have no session left, so that one round does not start on top of another's.</summary>
    public async Task QuietAsync()
    {
        while (await _provisioner.CountSessionsAsync() > 0)
            await Task.Delay(10);
    }

    /// <summary>Sessions the server has begun since it started; those that have ended a moment ago may be missing yet.</summary>
    public async Task<long> SessionsOpenedAsync()
    {
        await using var connection = new NpgsqlConnection(_admin.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select sum(sessions)::bigint from pg_stat_database", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        // The provisioner's tenants go with the server.
        await _server.DisposeAsync();
    }

    private static NpgsqlConnectionStringBuilder Of(ProvisionedTenant tenant)
    {
        var settings = PostgresUri.Parse(tenant.ConnectionUri + "?sslmode=disable").ToNpgsql();
        settings.ApplicationName = "bare";
        settings.NoResetOnClose = false;
        settings.KeepAlive = 0;
        return settings;
    }
}
