using System.Diagnostics;
using System.Globalization;
using HyperConn.Pools;
using HyperConn.Secrets;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>
/// Tenants that come once and never again leave no more than the documented bounds. 20,000 of them; with <c>HYPERCONN_SOAK_SECONDS</c> set, however long,
/// 1,000,000, for which the machine should have 4 GB.
/// </summary>
[Collection(GrowthCollection.Name)]
public sealed class OnceTenantsTests(ITestOutputHelper output)
{
    private const int MaxPools = 50;
    private const int MaxLabels = 100;
    private const int AtOnce = 200;

    // What one of each takes, with some room: a tenant's secret, handle and events were measured to take 1.4 KB together.
    private const int BytesOfSecret = 1_500;
    private const int BytesOfHandle = 1_000;
    private const int BytesOfEvent = 1_000;
    private const long Noise = 8_000_000;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HYPERCONN_SOAK_SECONDS") is { Length: > 0 };
    private static readonly int Count = IsLong ? 1_000_000 : 20_000;

    [Fact]
    public async Task Tenants_that_come_once_leave_no_more_than_the_bounds_explain()
    {
        using var tenants = new PassingTenants(Count, _ => "db1");
        await using var host = await PoolsHost.StartAsync(null, options =>
        {
            options.Secrets.File.Path = tenants.Path;
            options.Pools.MaxPools = MaxPools;
            options.Diagnostics.TenantLabels = true;
            options.Diagnostics.MaxTenantLabels = MaxLabels;
        });
        using var labels = new LabelsSeen(host);

        // One that is used all the while must not notice.
        var kept = await host.Pools.GetDataSourceAsync(PassingTenants.Key(0));
        await AskAsync(host, 1, Count / 100);
        var weighed = new List<Weight> { await WeighAsync(host, labels, "start") };
        for (var quarter = 0; quarter < 4; quarter++)
        {
            await AskAsync(host, Math.Max(quarter * (Count / 4), Count / 100), (quarter + 1) * (Count / 4));
            Assert.Same(kept, await host.Pools.GetDataSourceAsync(PassingTenants.Key(0)));
            weighed.Add(await WeighAsync(host, labels, string.Create(CultureInfo.InvariantCulture, $"{quarter + 1}/4")));
        }

        Assert.All(weighed, weight =>
        {
            Assert.InRange(weight.Pools, 1, MaxPools);
            Assert.InRange(weight.Actors, 1, MaxPools + 2);
            Assert.InRange(weight.Handles, 1, (2 * HandleTable.KeptAfterPool) + (2 * HandleTable.KeptWithoutPool) + (4 * (MaxPools + AtOnce)));
            Assert.InRange(weight.Resting, 0, AtOnce);
            Assert.InRange(weight.Secrets, 1, SecretCache.Most + AtOnce);
            Assert.InRange(weight.Events, 1, 2 * 4_096);
            Assert.InRange(weight.Labels, 1, MaxLabels + 1);
            Assert.Equal(1, weight.Servers);
        });
        foreach (var (before, after) in new[] { (weighed[1], weighed[2]), (weighed[2], weighed[4]), (weighed[1], weighed[4]) })
        {
            var explained = Noise
                + (BytesOfSecret * Math.Max(0L, after.Secrets - before.Secrets))
                + (BytesOfHandle * Math.Max(0L, after.Handles - before.Handles))
                + (BytesOfEvent * Math.Max(0L, after.Events - before.Events));
            Assert.True(after.Bytes - before.Bytes <= explained, $"{before} then {after}, and {explained} bytes would be explained");
        }
    }

    [Fact]
    public async Task What_a_server_takes_that_no_tenant_is_on_any_more_is_as_documented()
    {
        const int Servers = 2_000;
        using var tenants = new PassingTenants(Servers, i => string.Create(CultureInfo.InvariantCulture, $"db{i}"));
        await using var host = await PoolsHost.StartAsync(null, options =>
        {
            options.Secrets.File.Path = tenants.Path;
            options.Pools.MaxPools = MaxPools;
        });
        using var labels = new LabelsSeen(host);
        await AskAsync(host, 0, Servers / 4);
        var before = await WeighAsync(host, labels, "servers");
        await AskAsync(host, Servers / 4, Servers);
        var after = await WeighAsync(host, labels, "servers");
        var each = (after.Bytes - before.Bytes) / (after.Servers - before.Servers);
        output.WriteLine($"{each} bytes a server, its tenant's secret and handle included");
        Assert.InRange(each, 1_000, 20_000);
    }

    private static async Task AskAsync(PoolsHost host, int from, int to) => await Parallel.ForAsync(
        from,
        to,
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
        async (number, token) =>
        {
            try
            {
                var source = await host.Pools.GetDataSourceAsync(PassingTenants.Key(number), token);
                Assert.Equal(PassingTenants.Key(number), source.Tenant);
            }
            catch (HyperConnException fault) when (fault.Code == HyperConnErrorCode.SecretNotFound && PassingTenants.IsMissing(number))
            {
                // As it should be.
            }
        });

    private async Task<Weight> WeighAsync(PoolsHost host, LabelsSeen labels, string when)
    {
        // Those that were made side by side are over the cap until the next one is asked for, which must not be one that failed a moment ago.
        var next = TenantKey.Create("core", Guid.NewGuid().ToString("N"));
        await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.GetDataSourceAsync(next).AsTask());
        await Until.TrueAsync(() => host.Runtime.Generations.Count <= MaxPools);
        var statistics = await host.Pools.GetStatisticsAsync();
        var seen = await labels.CollectAsync();
        statistics = statistics with { Tenants = [] };
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        host.Runtime.Handles.Tidy();
        var weight = new Weight(
            when,
            Environment.TickCount64,
            GC.GetTotalMemory(forceFullCollection: true),
            host.Runtime.Generations.Count,
            PoolsHost.ChildrenOf(host.Supervisor) - host.Runtime.Servers.Count,
            host.Runtime.Handles.KeptCount,
            host.Runtime.Handles.RestingCount,
            statistics.Secrets.Cached,
            host.Events.After(0).Count,
            seen,
            host.Runtime.Servers.Count);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Process.GetCurrentProcess().WorkingSet64 / 1_000_000} MB in all, {weight}"));
        return weight;
    }

    /// <summary>What there is after a full collection.</summary>
    private sealed record Weight(
        string When, long At, long Bytes, int Pools, int Actors, int Handles, int Resting, int Secrets, int Events, int Labels, int Servers)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{When} at {At / 1_000} s: {Bytes / 1e6:0.0} MB, {Pools} pools, {Actors} actors, {Handles} handles and {Resting} held by others, {Secrets} secrets, {Events} events, {Labels} labels, {Servers} servers");
    }
}
