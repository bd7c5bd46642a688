using System.Runtime.CompilerServices;
using System.Text.Json;
using HyperConn.Pools;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>What code asks of the manager, where it is not about one connection.</summary>
public class TenantPoolsSpecs : PoolSpec
{
    private readonly KeptStore _store = new();

    private TenantPools Pools => new(World.Runtime, _store);

    private static async Task<HyperConnErrorCode> RefusedAsync(Func<Task> call) =>
        (await Assert.ThrowsAsync<HyperConnException>(() => PoolWorld.Within(call()))).Code;

    [Fact]
    public async Task Preloading_all_makes_a_pool_for_each_service_of_each_organisation_and_tells_how_far_it_is()
    {
        Configure = options => options.Services = ["core", "billing"];
        foreach (var name in new[] { "martech-b", "martech-a", "martech-", "martech-not a name" })
            _store.Secrets[name] = "{}";
        World.Secrets.Fail(Tenant("b", "billing"), HyperConnErrorCode.KeyNotFound);
        var steps = new Steps();

        var result = await PoolWorld.Within(Pools.PreloadAsync(parallelism: 1, progress: steps));

        Assert.Equal(3, result.Loaded);
        Assert.Equal(Tenant("b", "billing"), Assert.Single(result.Failures).Key);
        Assert.Equal([1, 2, 3, 4], steps.Seen.Select(step => step.Done));
        Assert.All(steps.Seen, step => Assert.Equal(4, step.Total));
        Assert.Equal(1, steps.Seen[^1].Failed);
        Assert.Equal(["a", "b", "not a name"], await Pools.ListOrgIdsAsync());
    }

    [Fact]
    public async Task Preloading_all_needs_to_know_the_services()
    {
        Assert.Equal(HyperConnErrorCode.NotConfigured, await RefusedAsync(() => Pools.PreloadAsync()));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Pools.PreloadAsync(parallelism: 0));
        Assert.Equal(0, (await Pools.PreloadAsync([])).Loaded);
    }

    [Fact]
    public async Task What_is_no_connection_string_is_not_stored()
    {
        Assert.Equal(HyperConnErrorCode.SecretMalformed, await RefusedAsync(() => Pools.StoreSecretAsync(Tenant("acme"), "mysql://a:b@c/d")));
        Assert.Empty(_store.Secrets);
    }

    [Theory]
    [InlineData("running")]
    [InlineData("stopped")]
    [InlineData("not started")]
    public async Task A_secret_is_stored_beside_those_of_other_services_whether_or_not_there_are_pools_to_tell(string state)
    {
        _store.Secrets["martech-acme"] = """{"billing-postgresql":"postgresql://a:b@c/d"}""";
        var pools = state == "not started" ? new TenantPools(new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }), _store) : Pools;
        if (state == "stopped")
            await World.AskFor<Drained>(new DrainAll(TimeSpan.Zero));
        await PoolWorld.Within(pools.StoreSecretAsync(Tenant("acme"), ScriptedSecrets.Uri()));
        using var stored = JsonDocument.Parse(_store.Secrets["martech-acme"]);
        Assert.Equal(ScriptedSecrets.Uri(), stored.RootElement.GetProperty("core-postgresql").GetString());
        Assert.Equal(2, stored.RootElement.EnumerateObject().Count());
    }

    [Fact]
    public async Task Before_there_is_a_supervisor_nothing_is_answered_and_nothing_to_drain()
    {
        var pools = new TenantPools(new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }), _store);
        Assert.Equal(HyperConnErrorCode.NotConfigured, await RefusedAsync(() => pools.EvictAsync(Tenant("acme"))));
        Assert.Equal(HyperConnErrorCode.NotConfigured, await RefusedAsync(() => pools.GetStatisticsAsync()));
        Assert.Equal(HyperConnErrorCode.NotConfigured, await RefusedAsync(() => pools.GetDataSourceAsync(Tenant("acme")).AsTask()));
        Assert.Equal(0, await pools.DrainAllAsync());
    }

    [Fact]
    public async Task A_handle_that_nobody_brings_is_waited_for_up_to_the_limit()
    {
        var time = new FakeTimeProvider();
        var runtime = new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }, time) { Supervisor = new HeardRef() };
        var asked = new TenantPools(runtime, _store).GetDataSourceAsync(Tenant("acme")).AsTask();
        time.Advance(runtime.Options.Pools.AcquireTimeout);
        Assert.Equal(HyperConnErrorCode.TimedOut, await RefusedAsync(() => asked));
    }

    [Fact]
    public async Task Who_waits_for_the_handle_of_a_paused_tenant_is_told_of_the_pause()
    {
        await World.AskFor<OperatorReply>(new PauseTenants(new OperatorTarget.Tenant(Tenant("acme")), "ops", "works"));
        var asked = Pools.GetDataSourceAsync(Tenant("acme")).AsTask();
        World.Pass(World.Runtime.Options.Pools.AcquireTimeout);
        Assert.Equal(HyperConnErrorCode.Paused, await RefusedAsync(() => asked));
    }

    [Fact]
    public async Task Who_waits_for_a_handle_may_give_up()
    {
        World.Secrets.Holds = true;
        using var giveUp = new CancellationTokenSource();
        var asked = Pools.GetDataSourceAsync(Tenant("acme"), giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PoolWorld.Within(asked));
        World.Secrets.Release();
        Assert.Same(World.Handle("acme"), await Pools.GetDataSourceAsync(Tenant("acme")));

        // Also one that could have it at once.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Pools.GetDataSourceAsync(Tenant("acme"), giveUp.Token).AsTask());
    }

    private sealed class Steps : IProgress<PreloadProgress>
    {
        public List<PreloadProgress> Seen { get; } = [];

        public void Report(PreloadProgress value) => Seen.Add(value);
    }

    /// <summary>Secrets in memory.</summary>
    private sealed class KeptStore : ISecretStore
    {
        public Dictionary<string, string> Secrets { get; } = new(StringComparer.Ordinal);

        public Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken) => Task.FromResult<SecretResult>(
            Secrets.TryGetValue(name, out var text) ? new SecretResult.Found(text, "v1") : new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, "No."));

        public async IAsyncEnumerable<string> ListNamesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            foreach (var name in Secrets.Keys)
                yield return name;
        }

        public Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken)
        {
            Secrets[name] = value;
            return Task.FromResult("v2");
        }
    }
}
