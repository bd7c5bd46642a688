using Npgsql;

namespace HyperConn.Benchmarks.Running;

/// <summary>Tenants for measures that never connect: their server is never asked.</summary>
internal static class OfflineTenants
{
    public static TenantKey[] Keys(int count) => [.. Enumerable.Range(0, count).Select(i => TenantKey.Create("core", FormattableString.Invariant($"tenant{i:00000}")))];

    public static MemorySecretStore Store(IEnumerable<TenantKey> keys, TimeSpan callTime = default)
    {
        var store = new MemorySecretStore(callTime);
        foreach (var key in keys)
            store.Put($"{Manager.Project}-{key.Org}", $$"""{"{{key.Service}}-postgresql": "{{Uri(key)}}"}""");
        return store;
    }

    public static IReadOnlyDictionary<(string Service, string Org), NpgsqlConnectionStringBuilder> Settings(IEnumerable<TenantKey> keys) =>
        keys.ToDictionary(key => (key.Service, key.Org), SettingsOf);

    public static NpgsqlConnectionStringBuilder SettingsOf(TenantKey key)
    {
        var settings = PostgresUri.Parse(Uri(key)).ToNpgsql();
        settings.ApplicationName = "bare";
        settings.MaxPoolSize = 10;
        return settings;
    }

    private static string Uri(TenantKey key) => $"postgresql://of_{key.Org}:secret@127.0.0.1:5/db_{key.Org}?sslmode=disable";
}
