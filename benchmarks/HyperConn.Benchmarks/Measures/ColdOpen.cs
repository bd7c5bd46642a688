using System.Diagnostics;
using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>
/// The first <c>select 1</c> of a tenant that has no pool: the data source is made, a session begun, its types learnt, a row read. Over many
/// tenants, some in one database, some in a database each; none has types of its own, as most have none.
/// </summary>
internal sealed class ColdOpen : Measure
{
    private const int Count = 100;
    private const int AtOnce = 8;

    public override string Name => "cold-open";

    /// <summary>Tenants of each kind.</summary>
    public override int DefaultRounds => Count;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await foreach (var row in RunAsync(rounds, "first select 1 of a cold tenant, shared database", ownDatabases: false, bound: 0.65))
            yield return row;
        await foreach (var row in RunAsync(rounds, "first select 1 of a cold tenant, a database a tenant", ownDatabases: true, bound: 0.70))
            yield return row;
    }

    private static async IAsyncEnumerable<Row> RunAsync(int rounds, string subject, bool ownDatabases, double bound)
    {
        await using var tenants = await Tenants.CreateAsync(rounds, maxConnections: 60, ownDatabases ? rounds : 0);
        var settings = tenants.SettingsWith(maxPoolSize: 10);

        // The server makes a file for a database at the first session in it, which is nobody's merit.
        foreach (var tenant in tenants.Keys)
            await BareAsync([tenant]);
        await using var sharing = await StartAsync(tenants, share: true);
        await using var alone = await StartAsync(tenants, share: false);
        const string Bare = "bare NpgsqlDataSource";
        yield return RatioRow(subject, Bare, await CompareAsync(sharing, 1), Units.Milliseconds, bound);
        yield return FactRow("the same with share-types off", Bare, await CompareAsync(alone, 1), Units.Milliseconds);
        yield return FactRow($"the same, {AtOnce} tenants at once", Bare, await CompareAsync(sharing, AtOnce), Units.Milliseconds);

        // The look-up of a secret waits a moment for company; a bare data source looks nothing up.
        await using var byDefault = await StartAsync(tenants, share: true, options => options.Secrets.BatchWindow = new SecretOptions().BatchWindow);
        yield return FactRow("the same with its secret's look-up, all settings by default", Bare, await CompareAsync(byDefault, 1), Units.Milliseconds);

        Task<Comparison> CompareAsync(Manager manager, int atOnce)
        {
            var (rival, ours) = (Chunks(), Chunks());
            return Comparison.RunAsync(rounds / atOnce, () => BareAsync(rival()), () => OursAsync(manager, ours()), warmUp: 5);

            Func<TenantKey[]> Chunks()
            {
                var next = 0;
                return () => [.. Enumerable.Range(0, atOnce).Select(_ => tenants.Keys[next++ % tenants.Keys.Count])];
            }
        }

        async Task<double> BareAsync(TenantKey[] keys)
        {
            var sources = new NpgsqlDataSource[keys.Length];
            var began = Stopwatch.GetTimestamp();
            var connections = await Task.WhenAll(keys.Select(async (key, i) =>
            {
                var builder = new NpgsqlDataSourceBuilder(settings[(key.Service, key.Org)].ConnectionString) { Name = key.ToString() };
                sources[i] = builder.Build();
                var connection = await sources[i].OpenConnectionAsync();
                await Storm.SelectOneAsync(connection);
                return connection;
            }));
            var elapsed = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            foreach (var connection in connections)
                await connection.DisposeAsync();
            foreach (var source in sources)
                await source.DisposeAsync();
            await tenants.QuietAsync();
            return elapsed;
        }

        async Task<double> OursAsync(Manager manager, TenantKey[] keys)
        {
            var began = Stopwatch.GetTimestamp();
            var connections = await Task.WhenAll(keys.Select(async key =>
            {
                var connection = await manager.Pools.OpenConnectionAsync(key);
                await Storm.SelectOneAsync(connection);
                return connection;
            }));
            var elapsed = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            foreach (var connection in connections)
                await connection.DisposeAsync();
            foreach (var key in keys)
            {
                if (await manager.Pools.EvictAsync(key) is not EvictResult.Evicted and var kept)
                    throw new InvalidOperationException($"{key}: {kept}");
            }

            await tenants.QuietAsync();
            return elapsed;
        }
    }

    private static Task<Manager> StartAsync(Tenants tenants, bool share, Action<HyperConnOptions>? configure = null) => Manager.StartAsync(tenants.Store(), options =>
    {
        options.Connections.ShareTypes = share;
        options.Secrets.BatchWindow = TimeSpan.Zero;
        configure?.Invoke(options);
    });
}
