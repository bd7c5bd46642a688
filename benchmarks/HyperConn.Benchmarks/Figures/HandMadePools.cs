using Npgsql;

namespace HyperConn.Benchmarks.Figures;

/// <summary>
/// What one writes without a library: a dictionary of data sources that lets go of the least recently used. It has every connection string at
/// hand. Nothing tells it which of them somebody is about to use.
/// </summary>
internal sealed class HandMadePools(int cap, Action<NpgsqlConnectionStringBuilder> configure) : IContender
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Org, NpgsqlDataSource Source)>> _byOrg = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Org, NpgsqlDataSource Source)> _byUse = new();

    public int Pools
    {
        get
        {
            lock (_gate)
                return _byOrg.Count;
        }
    }

    public ValueTask<NpgsqlConnection> OpenAsync(FigureTenant tenant) => Find(tenant).OpenConnectionAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, source) in _byUse)
            await source.DisposeAsync();
        _byUse.Clear();
        _byOrg.Clear();
    }

    private NpgsqlDataSource Find(FigureTenant tenant)
    {
        NpgsqlDataSource? oldest = null;
        NpgsqlDataSource found;
        lock (_gate)
        {
            if (_byOrg.TryGetValue(tenant.Org, out var node))
            {
                _byUse.Remove(node);
            }
            else
            {
                if (_byOrg.Count == cap)
                {
                    oldest = _byUse.Last!.Value.Source;
                    _byOrg.Remove(_byUse.Last.Value.Org);
                    _byUse.RemoveLast();
                }

                node = new LinkedListNode<(string, NpgsqlDataSource)>((tenant.Org, Build(tenant)));
                _byOrg.Add(tenant.Org, node);
            }

            _byUse.AddFirst(node);
            found = node.Value.Source;
        }

        oldest?.Dispose();
        return found;
    }

    private NpgsqlDataSource Build(FigureTenant tenant)
    {
        var settings = PostgresUri.Parse(tenant.Uri).ToNpgsql();
        configure(settings);
        return new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = tenant.Org }.Build();
    }
}
