using HyperConn.Benchmarks.Rivals;
using HyperConn.Benchmarks.Running;
using HyperConn.Tests;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Hot opens, a first open, and 2,000 callers over 200 cold tenants, through one PgBouncer in transaction pooling.</summary>
internal sealed class ThroughPgBouncer : Measure
{
    private const int Callers = 2_000;
    private const int Count = 200;
    private const int Slots = 400;
    private const int Repetitions = 50;
    private const double Bound = 1.15;

    public override string Name => "pgbouncer";

    public override int DefaultRounds => 7;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, Slots + 8);
        await using var pooler = await PgBouncer.StartAsync(tenants.Server, new PgBouncerOptions(PgBouncerOptions.Transaction)
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["max_client_conn"] = $"{2 * Slots}",
                ["max_db_connections"] = $"{Slots}",
            },
        });
        var (from, to) = ($"@{tenants.Server.Host}:{tenants.Server.Port}/", $"@127.0.0.1:{pooler.Port}/");
        var settings = tenants.SettingsWith(Slots / Count);
        foreach (var (_, one) in settings)
            (one.Host, one.Port) = ("127.0.0.1", pooler.Port);
        var key = tenants.Keys[0];
        var (errors, rivalErrors) = (0, 0);

        await using (var bare = NpgsqlDataSource.Create(settings[(key.Service, key.Org)]))
        await using (var manager = await StartAsync())
        {
            var hot = await Comparison.RunAsync(
                20 * rounds,
                () => TimeAsync(() => bare.OpenConnectionAsync()),
                () => TimeAsync(() => manager.Pools.OpenConnectionAsync(key)),
                warmUp: 10);
            yield return RatioRow("hot open, select 1, close through PgBouncer", "bare NpgsqlDataSource", hot, Units.Milliseconds, Bound);
        }

        // Every sample is a tenant that PgBouncer and HyperConn have not seen yet. A bare data source looks no secret up, so the look-up does not
        // wait for company here.
        Comparison cold;
        await using (var manager = await StartAsync(o => o.Secrets.BatchWindow = TimeSpan.Zero))
        {
            // The first tenant of a server finds out what stands there; this is about every other one.
            await TimeAsync(() => manager.Pools.OpenConnectionAsync(key), 1);
            var next = 0;
            cold = await Comparison.RunAsync(
                12 * rounds,
                async () =>
                {
                    var tenant = tenants.Keys[++next];
                    await using var bare = NpgsqlDataSource.Create(settings[(tenant.Service, tenant.Org)]);
                    return await TimeAsync(() => bare.OpenConnectionAsync(), 1);
                },
                () =>
                {
                    var tenant = tenants.Keys[++next];
                    return TimeAsync(() => manager.Pools.OpenConnectionAsync(tenant), 1);
                },
                warmUp: 10);
        }

        yield return RatioRow("first open of a tenant, select 1, through PgBouncer", "a new NpgsqlDataSource", cold, Units.Milliseconds, Bound);

        var storm = await Comparison.RunAsync(
            rounds,
            async () =>
            {
                await using var dictionary = new TenantDictionary(settings);
                var outcome = await Storm.RunAsync(Callers, tenants.Keys, tenant => dictionary.Get(tenant.Service, tenant.Org).OpenConnectionAsync());
                rivalErrors += outcome.Errors;
                await dictionary.DisposeAsync();
                await tenants.QuietAsync();
                return outcome.Milliseconds;
            },
            async () =>
            {
                await using var manager = await StartAsync();
                var outcome = await Storm.RunAsync(Callers, tenants.Keys, tenant => manager.Pools.OpenConnectionAsync(tenant));
                errors += outcome.Errors;
                await manager.DisposeAsync();
                await tenants.QuietAsync();
                return outcome.Milliseconds;
            });
        yield return RatioRow(
            "2,000 concurrent select 1 over 200 cold tenants through PgBouncer", "the dictionary, 2 connections a tenant", storm, Units.Milliseconds, Bound) with
        {
            Holds = storm.Ratio <= Bound && errors == 0,
        };
        yield return new Row("errors in these rounds", "the dictionary", $"{rivalErrors}", $"{errors}", null, "", "0", errors == 0);

        Task<Manager> StartAsync(Action<HyperConnOptions>? configure = null)
        {
            var store = new MemorySecretStore(TimeSpan.Zero);
            foreach (var (name, text) in tenants.Secrets())
                store.Put(name, text.Replace(from, to, StringComparison.Ordinal));
            return Manager.StartAsync(store, o =>
            {
                o.Servers.MaxConnections = Slots;
                o.Connections.MaxPerTenant = Slots / Count;
                configure?.Invoke(o);
            });
        }

        static async Task<double> TimeAsync(Func<ValueTask<NpgsqlConnection>> open, int times = Repetitions)
        {
            var began = System.Diagnostics.Stopwatch.GetTimestamp();
            for (var i = 0; i < times; i++)
            {
                await using var connection = await open();
                await Storm.SelectOneAsync(connection);
            }

            return System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalMilliseconds / times;
        }
    }
}
