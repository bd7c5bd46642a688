using System.Transactions;
using HyperConn.Leases;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>Leases of connections that their owners close and open again.</summary>
public class LeaseListenerSpecs : OpenHouseSpec
{
    [Fact]
    public async Task One_that_its_owner_opens_again_has_a_lease_again_over_the_permits_if_need_be()
    {
        await using var own = await Handle.OpenConnectionAsync();
        await own.CloseAsync();
        Assert.Equal(0, First.Word.Leases);
        await own.OpenAsync();
        Assert.Equal((1, 0), (First.Word.Leases, Told<PermitOverdrawn>(State)));
        await own.CloseAsync();

        await using var second = await Handle.OpenConnectionAsync();
        await using var third = await Handle.OpenConnectionAsync();
        await own.OpenAsync();
        Assert.Equal((3, 1), (First.Word.Leases, Told<PermitOverdrawn>(State)));
        await own.CloseAsync();
        Assert.Equal(2, First.Word.Leases);
    }

    [Fact]
    public async Task One_opened_again_in_a_transaction_goes_on_with_the_lease_there_is()
    {
        await using var own = await Handle.OpenConnectionAsync();
        await own.CloseAsync();
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await (await Handle.OpenConnectionAsync()).DisposeAsync();
            Assert.Equal(1, First.Word.Leases);
            await own.OpenAsync();
            Assert.Equal(1, First.Word.Leases);
            await own.CloseAsync();
            Assert.Equal(1, First.Word.Leases);
        }

        Time.Advance(EnlistedLease.Rest);
        Assert.True(SpinWait.SpinUntil(() => First.Word.Leases == 0, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task One_opened_again_in_a_transaction_that_has_a_lease_on_the_next_pool_has_one_of_its_own()
    {
        await using var own = await Handle.OpenConnectionAsync();
        await own.CloseAsync();
        var next = MakePool();
        Publish(next);
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await (await Handle.OpenConnectionAsync()).DisposeAsync();
            Assert.Equal((0, 1), (First.Word.Leases, next.Word.Leases));
            await own.OpenAsync();
            Assert.Equal((1, 1), (First.Word.Leases, next.Word.Leases));
            await own.CloseAsync();
        }

        Time.Advance(EnlistedLease.Rest);
        Assert.True(SpinWait.SpinUntil(() => First.Word.Leases == 0 && next.Word.Leases == 0, TimeSpan.FromSeconds(20)));
    }
}
