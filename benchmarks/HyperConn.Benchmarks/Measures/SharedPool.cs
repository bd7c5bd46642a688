using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>2,000 callers at once on one pool, cold and warm, against a bare data source of the same size.</summary>
internal sealed class SharedPool : Measure
{
    private const int Callers = 2_000;

    // Three of 100 slots are the superuser's, and the benchmark itself looks in now and then.
    private const int Size = 94;

    public override string Name => "shared-pool";

    public override int DefaultRounds => 15;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(1, maxConnections: 100);
        var key = tenants.Keys[0];
        var settings = tenants.SettingsOf(key, Size);
        var (rivalErrors, errors) = (0, 0);

        // Npgsql's own queue gives up after the connect time-out; the callers here only wait.
        settings.Timeout = 60;
        var cold = await Comparison.RunAsync(
            rounds,
            async () =>
            {
                await using var source = NpgsqlDataSource.Create(settings);
                var elapsed = await RivalAsync(_ => source.OpenConnectionAsync());
                await source.DisposeAsync();
                await tenants.QuietAsync();
                return elapsed;
            },
            async () =>
            {
                await using var manager = await StartAsync();
                var elapsed = await OursAsync(tenant => manager.Pools.OpenConnectionAsync(tenant));
                await manager.DisposeAsync();
                await tenants.QuietAsync();
                return elapsed;
            });
        yield return RatioRow("2,000 concurrent select 1 on one cold pool of 94", "bare NpgsqlDataSource", cold, Units.Milliseconds, 1.15) with
        {
            Holds = cold.Ratio <= 1.15 && errors == 0,
        };

        await using var warmSource = NpgsqlDataSource.Create(tenants.SettingsOf(key, Size / 2));
        await using var warmManager = await StartAsync(Size / 2);
        var warm = await Comparison.RunAsync(
            2 * rounds,
            () => RivalAsync(_ => warmSource.OpenConnectionAsync()),
            () => OursAsync(tenant => warmManager.Pools.OpenConnectionAsync(tenant)),
            warmUp: 6);
        yield return RatioRow("2,000 concurrent select 1 on one warm pool of 47", "bare NpgsqlDataSource", warm, Units.Milliseconds, 1.15) with
        {
            Holds = warm.Ratio <= 1.15 && errors == 0,
        };

        yield return new Row("errors in these rounds", "bare NpgsqlDataSource", $"{rivalErrors}", $"{errors}", null, "", "0", errors == 0);

        Task<Manager> StartAsync(int size = Size) => Manager.StartAsync(tenants.Store(), o =>
        {
            o.Servers.MaxConnections = size;
            o.Servers.MaxWaitersPerTenant = Callers;
            o.Connections.MaxPerTenant = size;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60);
        });

        async Task<double> RivalAsync(Func<TenantKey, ValueTask<NpgsqlConnection>> open)
        {
            var outcome = await Storm.RunAsync(Callers, tenants.Keys, open);
            rivalErrors += outcome.Errors;
            return outcome.Milliseconds;
        }

        async Task<double> OursAsync(Func<TenantKey, ValueTask<NpgsqlConnection>> open)
        {
            var outcome = await Storm.RunAsync(Callers, tenants.Keys, open);
            errors += outcome.Errors;
            return outcome.Milliseconds;
        }
    }
}
