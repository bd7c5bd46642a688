using System.Collections.Concurrent;
using HyperConn.Host.Demo;
using HyperConn.Tests.Support;

namespace HyperConn.Tests.Poolers;

/// <summary>
/// A server with tenants and a PgBouncer of each mode in front of it, with PgBouncer's defaults but for one: a login it tried with a password that was just changed keeps
/// it from trying again, and everybody from the tenant, for <c>server_login_retry</c>, which by default is as long as opens wait.
/// </summary>
public sealed class PooledServer : TenantsFixture
{
    private readonly ConcurrentDictionary<string, Lazy<Task<PgBouncer>>> _poolers = new(StringComparer.Ordinal);

    private protected override PostgresServerOptions Options => new() { MaxConnections = 300 };

    private protected override (int Tenants, int OwnDatabases) Plan => (60, 10);

    /// <summary>The pooler of a mode. Skips where there is none.</summary>
    internal Task<PgBouncer> PoolerAsync(string mode) =>
        _poolers.GetOrAdd(mode, _ => new(() => PgBouncer.StartAsync(Server, new PgBouncerOptions(mode) { Settings = PgBouncerOptions.QuickRetry }))).Value;

    internal MemorySecretStore Secrets(PgBouncer pooler)
    {
        var secrets = new MemorySecretStore();
        foreach (var tenant in Tenants)
            secrets.Put(tenant.Key, pooler.Through(tenant));
        return secrets;
    }

    protected override async Task EndAsync()
    {
        foreach (var (_, pooler) in _poolers)
        {
            if (pooler.Value.IsCompletedSuccessfully)
                await (await pooler.Value).DisposeAsync();
        }
    }
}

[CollectionDefinition(Name)]
public sealed class PooledServerCollection : ICollectionFixture<PooledServer>
{
    public const string Name = "Pooled server";
}
