using System.Globalization;
using System.Runtime.CompilerServices;
using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using HyperConn.Tests.Pools;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Growth;

/// <summary>A handle may be kept for ever, and one that nobody keeps does not stay.</summary>
public class HandleGrowthSpecs
{
    private const int MostKept = (2 * HandleTable.KeptAfterPool) + (2 * HandleTable.KeptWithoutPool);

    private readonly PoolRuntime _runtime = new(new HyperConnOptions { ProjectName = "martech" }, new FakeTimeProvider());
    private readonly HashSet<TenantKey> _awaited = [];
    private readonly PoolGeneration _pool;

    public HandleGrowthSpecs()
    {
        Assert.True(PostgresCredentials.TryParse(ScriptedSecrets.Uri(), out var credentials, out _));
        _pool = new PoolGeneration(
            _runtime.Leases,
            Key("any"),
            1,
            new GenerationCredentials(credentials, "v1", default, Moment.Never),
            [new ServerState(new ServerEndpoint("db1", 5432))],
            GenerationOwners.Nobody(_runtime));
    }

    private HandleTable Table => _runtime.Handles;

    [Fact]
    public void Two_hundred_thousand_tenants_that_had_a_pool_once_leave_the_latest()
    {
        var most = 0;
        for (var i = 0; i < 200_000; i++)
        {
            UseOnce(i);
            most = Math.Max(most, Table.KeptCount);
        }

        Assert.InRange(most, HandleTable.KeptAfterPool, MostKept);
        for (var i = 200_000 - HandleTable.KeptAfterPool; i < 200_000; i++)
            Assert.True(Table.TryGetValue(Key(i), out _));
        Collect();
        Assert.Equal(0, Table.RestingCount);
        Assert.Equal(Table.KeptCount, Table.Values.Count);
    }

    [Fact]
    public void What_is_left_of_handles_nobody_holds_goes_without_being_asked_to()
    {
        for (var i = 0; i < 200_000; i++)
        {
            UseOnce(i);
            if (i % 20_000 == 0)
                GC.Collect();
        }

        Assert.InRange(Table.RestingCount, 0, 100_000);
    }

    [Fact]
    public void Whoever_holds_one_has_the_only_one()
    {
        var held = Enumerable.Range(0, 500).Select(UseOnce).ToList();
        for (var i = 500; i < 100_000; i++)
            UseOnce(i);
        Collect();
        Assert.Equal(held.Count, Table.RestingCount);
        Assert.All(held, handle => Assert.False(Table.TryGetValue(handle.Tenant, out _)));
        Assert.All(held, handle => Assert.Same(handle, Table.Find(handle.Tenant)));
        Assert.All(held, handle => Assert.Contains(handle, Table.Values));

        // The tenant's next pool is found by it, and it is one of those kept again.
        Assert.All(held, handle => Assert.Same(handle, Get(handle.Tenant)));
        Assert.All(held, handle => Assert.True(Table.TryGetValue(handle.Tenant, out _)));
        Assert.Equal(0, Table.RestingCount);
        for (var i = 100_000; i < 200_000; i++)
            UseOnce(i);
        Assert.All(held, handle => Assert.Same(handle, Table.Find(handle.Tenant)));
    }

    [Fact]
    public void One_that_nobody_holds_is_made_anew_and_remembers_nothing()
    {
        var forgotten = UseAndForget(0);
        for (var i = 1; i < 100_000; i++)
            UseOnce(i);
        Collect();
        Assert.False(forgotten.TryGetTarget(out _));
        Assert.Null(Table.Find(Key(0)));
        Assert.Null(_runtime.FindSource(Key(0)));

        var again = Get(Key(0));
        Assert.False(again.HadPool || again.Login.IsOpen);
        Assert.Same(again, Table.Find(Key(0)));
    }

    [Fact]
    public void One_that_has_a_pool_is_always_at_hand()
    {
        var live = Enumerable.Range(0, 5_000).Select(UseOnce).ToList();
        live.ForEach(handle => handle.Publish(null, _pool));
        _awaited.UnionWith(Enumerable.Range(5_000, 100).Select(Key));
        var made = Enumerable.Range(5_000, 100).Select(UseOnce).ToList();
        var most = 0;
        for (var i = 10_000; i < 200_000; i++)
        {
            UseOnce(i);
            most = Math.Max(most, Table.KeptCount);
        }

        Assert.All(live.Concat(made), handle => Assert.True(Table.TryGetValue(handle.Tenant, out var found) && ReferenceEquals(handle, found)));
        Assert.InRange(most, HandleTable.KeptAfterPool, MostKept + (2 * (live.Count + made.Count)));

        // Those whose pool goes are not the first to go for having been there for long.
        live.ForEach(handle => handle.Publish(_pool, null));
        for (var i = 200_000; i < 200_000 + HandleTable.KeptAfterPool; i++)
            UseOnce(i);
        Assert.All(live, handle => Assert.True(Table.TryGetValue(handle.Tenant, out _)));
        for (var i = 300_000; i < 400_000; i++)
            UseOnce(i);
        Assert.All(live, handle => Assert.False(Table.TryGetValue(handle.Tenant, out _)));
    }

    [Fact]
    public void There_are_never_two_of_a_tenant_at_a_time_however_holders_come_and_go()
    {
        const int Tenants = 64;
        var (done, wrong) = (false, 0);
        var handed = new TenantDataSource?[Tenants];

        // The supervisor: makes pools, hands handles out, and sees others come.
        var supervisor = new Thread(() =>
        {
            var random = new Random(1);
            for (var i = 0; i < 150_000; i++)
            {
                UseOnce(1_000 + i);
                if (i % 50 != 0)
                    continue;
                var tenant = random.Next(Tenants);
                var handle = UseOnce(tenant);
                if (Volatile.Read(ref handed[tenant]) is { } other && !ReferenceEquals(other, handle))
                    wrong++;
                Volatile.Write(ref handed[tenant], handle);
            }

            Volatile.Write(ref done, true);
        });

        // Callers: keep some for a while, look them up, and drop them.
        var callers = Enumerable.Range(2, 2).Select(seed => new Thread(() =>
        {
            var random = new Random(seed);
            while (!Volatile.Read(ref done))
            {
                var tenant = random.Next(Tenants);
                if (Volatile.Read(ref handed[tenant]) is not { } held)
                    continue;
                if (!ReferenceEquals(Table.Find(held.Tenant), held))
                    Interlocked.Increment(ref wrong);
                if (random.Next(4) == 0)
                    Interlocked.CompareExchange(ref handed[tenant], null, held);
                if (random.Next(2_000) == 0)
                    GC.Collect();
                GC.KeepAlive(held);
            }
        })).ToList();
        callers.ForEach(caller => caller.Start());
        supervisor.Start();
        supervisor.Join();
        callers.ForEach(caller => caller.Join());
        Assert.Equal(0, wrong);
    }

    private static TenantKey Key(string org) => TenantKey.Create("core", org);

    private static TenantKey Key(int number) => Key("org" + number.ToString(CultureInfo.InvariantCulture));

    private void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Table.Tidy();
    }

    private TenantDataSource Get(TenantKey tenant) =>
        Table.GetOrAdd(tenant, key => new TenantDataSource(_runtime.Opening, key), _awaited.Contains);

    /// <summary>The tenant has a pool, which is evicted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private TenantDataSource UseOnce(int number)
    {
        var handle = Get(Key(number));
        handle.Publish(null, _pool);
        handle.Publish(_pool, null);
        return handle;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference<TenantDataSource> UseAndForget(int number)
    {
        var handle = UseOnce(number);
        handle.Login.Failed(new HyperConnFailure(HyperConnErrorCode.LoginRefused, "No."), CircuitPass.Closed);
        return new WeakReference<TenantDataSource>(handle);
    }
}
