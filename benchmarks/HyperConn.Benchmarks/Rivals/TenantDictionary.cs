using System.Collections.Concurrent;
using Npgsql;

namespace HyperConn.Benchmarks.Rivals;

/// <summary>What one writes without a library: a dictionary of lazily built data sources. It has every connection string at hand.</summary>
internal sealed class TenantDictionary(IReadOnlyDictionary<(string Service, string Org), NpgsqlConnectionStringBuilder> settings) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string, string), Lazy<NpgsqlDataSource>> _sources = new();

    public NpgsqlDataSource Get(string service, string org) => _sources.GetOrAdd(
        (service, org),
        static (key, all) => new Lazy<NpgsqlDataSource>(() => NpgsqlDataSource.Create(all[key])),
        settings).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources.Values)
            await source.Value.DisposeAsync();
    }
}
