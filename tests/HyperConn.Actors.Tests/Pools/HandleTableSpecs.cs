using System.Globalization;
using HyperConn.Pools;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

public class HandleTableSpecs : PoolSpec
{
    private const int Most = 2 * HandleTable.KeptWithoutPool;

    [Fact]
    public async Task A_hundred_thousand_organisations_that_do_not_exist_leave_the_latest_and_every_handle_given_out()
    {
        var evicted = await World.Get("evicted");
        Assert.Equal(EvictResult.Evicted, await World.Evict("evicted"));
        var live = await World.Get("live");
        var largest = 0;
        for (var i = 0; i < 100_000; i++)
        {
            var tenant = Junk(i);
            World.Secrets.Fail(tenant, HyperConnErrorCode.SecretNotFound);
            Assert.Equal(HyperConnErrorCode.SecretNotFound, Assert.IsType<PoolUnavailable>(await World.Ask(tenant)).Reason.Code);
            if (i % 997 == 0)
                largest = Math.Max(largest, World.Runtime.Handles.Values.Count);
        }

        Assert.InRange(largest, HandleTable.KeptWithoutPool, Most + 2);
        for (var i = 100_000 - HandleTable.KeptWithoutPool; i < 100_000; i++)
            Assert.Equal(HyperConnErrorCode.SecretNotFound, World.Runtime.Handles.Find(Junk(i))!.LastFailure?.Code);
        Assert.InRange((await World.Snapshot()).Tenants.Count, HandleTable.KeptWithoutPool, Most + 2);

        Assert.Same(live, await World.Get("live"));
        Assert.Same(evicted, await World.Get("evicted"));
        Assert.Same(evicted, World.Handle("evicted"));
    }

    [Fact]
    public async Task An_organisation_that_comes_to_exist_is_found_after_its_handle_has_gone()
    {
        var tenant = Tenant("late");
        World.Secrets.Fail(tenant, HyperConnErrorCode.SecretNotFound);
        await World.GetFails("late");
        for (var i = 0; i < Most + 1; i++)
            World.Runtime.Handles.GetOrAdd(Junk(i), key => new TenantDataSource(World.Runtime.Opening, key), _ => false);
        Assert.False(World.Runtime.Handles.TryGetValue(tenant, out _));

        World.Secrets.Set(tenant, ScriptedSecrets.Uri(), "v1");
        var handle = await World.Get("late");
        Assert.Same(handle, World.Handle("late"));
        Assert.NotNull(handle.Current);
    }

    [Fact]
    public void What_is_awaited_stays_and_is_not_looked_at_again_and_again()
    {
        var runtime = new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }, new FakeTimeProvider());
        const int Awaited = 10 * HandleTable.KeptWithoutPool;
        var asked = 0;
        var handles = Enumerable.Range(0, Awaited).Select(i => Add(i, all: true)).ToList();
        Assert.All(handles, handle => Assert.Same(handle, runtime.Handles.Find(handle.Tenant)));
        Assert.InRange(asked, 1, 4 * Awaited);

        // Once nobody waits any longer they go, as others come.
        for (var i = Awaited; i < 5 * Awaited; i++)
            Add(i, all: false);
        Assert.DoesNotContain(handles, handle => runtime.Handles.TryGetValue(handle.Tenant, out _));
        Assert.InRange(runtime.Handles.Values.Count, HandleTable.KeptWithoutPool, Most);

        TenantDataSource Add(int i, bool all) => runtime.Handles.GetOrAdd(Junk(i), key => new TenantDataSource(runtime.Opening, key), _ =>
        {
            asked++;
            return all;
        });
    }

    [Fact]
    public void Whoever_looks_up_while_handles_go_finds_those_that_stay()
    {
        var runtime = new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }, new FakeTimeProvider());
        var table = runtime.Handles;
        var kept = Enumerable.Range(0, 50).Select(i => Tenant("kept" + i.ToString(CultureInfo.InvariantCulture))).ToHashSet();
        var handles = kept.ToDictionary(key => key, key => table.GetOrAdd(key, k => new TenantDataSource(runtime.Opening, k), kept.Contains));
        var (done, misses) = (false, 0);
        var reader = new Thread(() =>
        {
            do
            {
                foreach (var (key, handle) in handles)
                    misses += table.TryGetValue(key, out var found) && ReferenceEquals(found, handle) ? 0 : 1;
            }
            while (!Volatile.Read(ref done));
        });
        reader.Start();
        for (var i = 0; i < 20_000; i++)
            table.GetOrAdd(Junk(i), k => new TenantDataSource(runtime.Opening, k), kept.Contains);
        Volatile.Write(ref done, true);
        reader.Join();
        Assert.Equal(0, misses);
    }

    private static TenantKey Junk(int number) => Tenant("junk" + number.ToString(CultureInfo.InvariantCulture));
}
