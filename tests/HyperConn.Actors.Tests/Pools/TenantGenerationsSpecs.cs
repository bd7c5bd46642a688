using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>The generations of one tenant, and the list of all that there are.</summary>
public class TenantGenerationsSpecs
{
    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    private readonly PoolRuntime _runtime = new(new HyperConnOptions { ProjectName = "martech" });

    private PoolGeneration Make(int number = 1)
    {
        Assert.True(PostgresCredentials.TryParse(ScriptedSecrets.Uri(), out var credentials, out _));
        var server = new ServerState(new ServerEndpoint("db1", 5432));
        return new PoolGeneration(
            _runtime.Leases, Acme, number, new GenerationCredentials(credentials, "v1", default, Moment.Never), [server], GenerationOwners.Nobody(_runtime));
    }

    [Fact]
    public void One_that_drains_is_closed_at_the_end_though_there_is_no_current_one_any_more()
    {
        var generations = new TenantGenerations(_runtime.Handles.GetOrAdd(Acme, key => new TenantDataSource(_runtime.Opening, key), _ => true));
        var (first, second) = (Make(1), Make(2));
        generations.Begin(first);
        first.Desk.TakeAnyway(out _);
        Assert.True(generations.TryReplace(second));
        generations.BeginDrain();
        generations.Remove(second);
        Assert.Null(generations.Current);
        Assert.False(generations.IsEmpty);
        Assert.False(first.End.Closed.IsCompleted);

        generations.CloseAll();

        Assert.True(first.End.Closed.IsCompleted);
        Assert.True(second.End.Closed.IsCompleted);
    }

    [Fact]
    public void Looking_through_all_generations_copies_none()
    {
        const int Generations = 300;
        var registry = new GenerationRegistry();
        for (var number = 1; number <= Generations; number++)
            registry.Add(Make(number));
        Assert.Equal(0, registry.LeasesOpen);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var seen = 0;
        foreach (var _ in registry)
            seen++;

        // A copy of nothing but the references would be eight bytes each.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Generations * IntPtr.Size / 2);
        Assert.Equal(Generations, seen);
    }

    [Fact]
    public void Who_looks_through_them_is_not_disturbed_by_those_that_come_and_go()
    {
        var registry = new GenerationRegistry();
        var (first, second) = (Make(1), Make(2));
        registry.Add(first);
        foreach (var generation in registry)
        {
            registry.Remove(generation);
            registry.Add(second);
        }

        Assert.Equal([second], registry);
    }
}
