using HyperConn.Pools;

namespace HyperConn.Tests.Pools;

/// <summary>A key that was never made is refused wherever one is given, before anything is done.</summary>
public sealed class EmptyTenantSpecs : PoolSpec
{
    public static TheoryData<string> Entries => new("get", "open", "store", "evict", "refresh");

    [Theory]
    [MemberData(nameof(Entries))]
    public async Task An_empty_key_is_refused(string entry)
    {
        var store = new UntouchedStore();
        var pools = new TenantPools(World.Runtime, store);
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => entry switch
        {
            "get" => pools.GetDataSourceAsync(default).AsTask(),
            "open" => pools.OpenConnectionAsync(default).AsTask(),
            "store" => pools.StoreSecretAsync(default, "postgresql://u:p@db1/d"),
            "evict" => pools.EvictAsync(default),
            _ => pools.RefreshAsync(default),
        });
        Assert.Equal((HyperConnErrorCode.InvalidTenant, 0), (refused.Code, store.Calls));
        Assert.Empty(World.Secrets.Fetches);
        Assert.Empty(World.Runtime.Handles.Values);
    }

    [Fact]
    public async Task An_empty_key_among_those_to_preload_fails_alone()
    {
        var pools = new TenantPools(World.Runtime, new UntouchedStore());
        var result = await pools.PreloadAsync([Tenant("acme"), default]);
        Assert.Equal(1, result.Loaded);
        Assert.Equal(HyperConnErrorCode.InvalidTenant, Assert.Single(result.Failures).Value.Code);
    }

    private sealed class UntouchedStore : ISecretStore
    {
        public int Calls { get; private set; }

        public Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken)
        {
            Calls++;
            return Task.FromResult<SecretResult>(new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, "No."));
        }
    }
}
