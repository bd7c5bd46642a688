using System.Globalization;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Tests.Pools;

namespace HyperConn.Tests.Growth;

/// <summary>What a caller holds goes on working, however long ago its pool went and however many tenants came since.</summary>
public class HeldHandleSpecs : PoolSpec
{
    private static readonly HyperConnFailure Refused = new(HyperConnErrorCode.LoginRefused, "No.");

    [Fact]
    public async Task Its_next_pool_is_found_by_it()
    {
        var held = await RestAsync("acme");
        var answered = await World.Get("acme");
        Assert.Same(held, answered);
        Assert.NotNull(held.Current);
        Assert.True(World.Runtime.Handles.TryGetValue(held.Tenant, out _));
        var lease = await PoolWorld.Take(held.Current);
        Assert.Equal(EvictResult.InUse, await World.Evict("acme"));
        lease.End();
    }

    [Fact]
    public async Task Code_that_asks_for_the_pool_is_answered_with_it()
    {
        var held = await RestAsync("acme");
        var promise = World.Runtime.RequestPool(held.Tenant, forLease: false);
        Assert.Same(held, (await PoolWorld.Within(promise.Task)).Handle);
    }

    [Fact]
    public async Task A_connection_to_be_opened_later_knows_whose_it_is()
    {
        var held = await RestAsync("acme");
        Assert.Same(held, World.Runtime.FindSource(held.Tenant));
    }

    [Fact]
    public async Task An_operator_reaches_what_it_remembers_and_sees_why()
    {
        var held = await RestAsync("acme");
        held.Login.Failed(Refused, CircuitPass.Closed);
        held.LastFailure = Refused;
        Assert.Contains((await World.Snapshot()).Tenants, tenant => tenant.Tenant == held.Tenant);
        await World.AskFor<SecretRefreshed>(new RefreshPool(held.Tenant));
        Assert.False(held.Login.IsOpen);
        Assert.Null(held.LastFailure);
    }

    [Fact]
    public async Task A_pool_that_can_not_be_made_says_so_through_it()
    {
        var held = await RestAsync("acme");
        World.Secrets.Fail(held.Tenant, HyperConnErrorCode.SecretNotFound);
        await World.GetFails("acme");
        Assert.Equal(HyperConnErrorCode.SecretNotFound, held.LastFailure?.Code);
    }

    /// <summary>A tenant's handle whose pool went long ago.</summary>
    private async Task<TenantDataSource> RestAsync(string org)
    {
        var handle = await World.Get(org);
        var pool = handle.Current!;
        Assert.Equal(EvictResult.Evicted, await World.Evict(org));
        var table = World.Runtime.Handles;
        for (var i = 0; i < 50_000; i++)
        {
            var other = table.GetOrAdd(
                Tenant("other" + i.ToString(CultureInfo.InvariantCulture)), key => new TenantDataSource(World.Runtime.Opening, key), _ => false);
            other.Publish(null, pool);
            other.Publish(pool, null);
        }

        Assert.False(table.TryGetValue(handle.Tenant, out _));
        return handle;
    }
}
