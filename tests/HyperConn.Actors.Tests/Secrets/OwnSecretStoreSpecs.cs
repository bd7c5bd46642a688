using HyperConn.Pools;

namespace HyperConn.Tests;

/// <summary>A store that implements no more than it must.</summary>
public sealed class OwnSecretStoreSpecs
{
    private readonly ISecretStore _store = new ThreeLineStore();

    [Fact]
    public async Task It_reads_several_secrets_one_by_one()
    {
        Assert.Equal(1, _store.MaxBatchSize);
        var results = await _store.GetManyAsync(["a", "b"], CancellationToken.None);
        Assert.Equal(["text of a", "text of b"], results.OrderBy(pair => pair.Key).Select(pair => ((SecretResult.Found)pair.Value).Text));
    }

    [Fact]
    public async Task It_says_that_it_can_neither_list_nor_store()
    {
        var pools = new TenantPools(new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }), _store);
        var listing = await Assert.ThrowsAsync<HyperConnException>(() => pools.ListOrgIdsAsync());
        Assert.Equal(HyperConnErrorCode.NotConfigured, listing.Code);
        Assert.Contains("ThreeLineStore, can't list secrets: it does not implement ISecretStore.ListNamesAsync", listing.Message, StringComparison.Ordinal);
        var storing = await Assert.ThrowsAsync<HyperConnException>(() => _store.StoreAsync("a", "{}", CancellationToken.None));
        Assert.Equal(HyperConnErrorCode.NotConfigured, storing.Code);
        Assert.Contains("ISecretStore.StoreAsync", storing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_waits_for_its_changes_waits_for_nothing()
    {
        _store.Changed += Fail;
        _store.Changed -= Fail;

        static void Fail(string? name) => throw new InvalidOperationException();
    }

    private sealed class ThreeLineStore : ISecretStore
    {
        public Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken) =>
            Task.FromResult<SecretResult>(new SecretResult.Found($"text of {name}", "v1"));
    }
}
