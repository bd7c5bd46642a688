using HyperConn.Benchmarks.Rivals;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Measures;

/// <summary>2,000 callers at once over 200 tenants none of whom has a pool yet. Everything is made anew for each round.</summary>
internal sealed class ColdTenants : Measure
{
    private const int Callers = 2_000;
    private const int Count = 200;
    private const int Slots = 400;
    private const int MostSecretCalls = 15;

    public override string Name => "cold-tenants";

    public override int DefaultRounds => 7;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        // Three slots are the superuser's, and the benchmark itself looks in now and then. The dictionary has no budget, so that its pools must share the slots out among them: two each.
        await using var tenants = await Tenants.CreateAsync(Count, Slots + 8);
        var settings = tenants.SettingsWith(Slots / Count);
        var (calls, errors, rivalErrors) = (0, 0, 0);
        var comparison = await Comparison.RunAsync(rounds, RivalAsync, OursAsync);
        yield return RatioRow(
            "2,000 concurrent select 1 over 200 cold tenants", "the dictionary, 2 connections a tenant", comparison, Units.Milliseconds, 1.10) with
        {
            Holds = comparison.Ratio <= 1.10 && errors == 0,
        };
        yield return new Row(
            "errors in these rounds", "the dictionary", $"{rivalErrors}", $"{errors}", null, "", "0", errors == 0);
        yield return new Row(
            "secret calls for these 200 tenants", "200 secrets", "", $"{calls}", null, "most of any round", "≤ 15", calls <= MostSecretCalls);

        async Task<double> RivalAsync()
        {
            await using var dictionary = new TenantDictionary(settings);
            var outcome = await Storm.RunAsync(Callers, tenants.Keys, tenant => dictionary.Get(tenant.Service, tenant.Org).OpenConnectionAsync());
            rivalErrors += outcome.Errors;
            await dictionary.DisposeAsync();
            await tenants.QuietAsync();
            return outcome.Milliseconds;
        }

        async Task<double> OursAsync()
        {
            var store = tenants.Store();
            await using var manager = await Manager.StartAsync(store, o =>
            {
                o.Servers.MaxConnections = Slots;
                o.Connections.MaxPerTenant = Slots / Count;
            });
            var outcome = await Storm.RunAsync(Callers, tenants.Keys, tenant => manager.Pools.OpenConnectionAsync(tenant));
            errors += outcome.Errors;
            calls = Math.Max(calls, store.Calls);
            await manager.DisposeAsync();
            await tenants.QuietAsync();
            return outcome.Milliseconds;
        }
    }
}
