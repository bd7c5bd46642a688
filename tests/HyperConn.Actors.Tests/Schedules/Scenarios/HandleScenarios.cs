using HyperConn.Pools;
using HyperConn.Schedules.Exploring;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>Handles are added and looked up at once.</summary>
internal abstract class HandleScenario : Scenario
{
    private readonly PoolRuntime _runtime = new(new HyperConnOptions { ProjectName = "martech", Connections = { ShareTypes = false } }, new FakeTimeProvider());
    private readonly Dictionary<TenantKey, TenantDataSource> _made = [];

    protected HandleTable Table { get; set; } = new();

    public override Play Begin()
    {
        Table = new HandleTable();
        return Play();
    }

    protected abstract Play Play();

    protected static TenantKey Tenant(int number) => TenantKey.Create("core", $"org{number}");

    // Made once: a handle is the tenant's, whatever table it is in.
    protected TenantDataSource Made(int number)
    {
        if (!_made.TryGetValue(Tenant(number), out var made))
            _made.Add(Tenant(number), made = new TenantDataSource(_runtime.Opening, Tenant(number)));
        return made;
    }

    protected void Fill(int count)
    {
        for (var i = 0; i < count; i++)
            Table.GetOrAdd(Tenant(i), _ => Made(i), _ => false);
    }
}

/// <summary>Two ask for a tenant's handle that is not there: it is made once, and found by a third or not yet.</summary>
internal sealed class HandleAdded : HandleScenario
{
    public override int? Preemptions => null;

    protected override Play Play()
    {
        var made = 0;
        var got = new TenantDataSource?[2];
        return new Play(
            () => made == 1 && got[0] == got[1] && Table.TryGetValue(Tenant(0), out var found) && found == got[0] ? null : $"{made} were made.",
            () => got[0] = Get(),
            () => got[1] = Get(),
            () => Stage.Require(!Table.TryGetValue(Tenant(0), out var early) || early == Made(0), "Something else was found."));

        TenantDataSource Get() => Table.GetOrAdd(Tenant(0), _ => ++made == 1 ? Made(0) : Made(1), _ => false);
    }
}

/// <summary>The table grows while handles are looked up: one that was there is found all the time.</summary>
internal sealed class HandlesGrow : HandleScenario
{
    // Text is hashed anew in each process, so places, and the number of schedules, differ.
    public override int MostSchedules => 100_000;

    protected override Play Play()
    {
        Fill(32);
        return new Play(
            () => Table.Values.Count == 34 ? null : $"{Table.Values.Count} of 34 handles are left.",
            () => Table.GetOrAdd(Tenant(32), _ => Made(32), _ => false),
            () => Table.GetOrAdd(Tenant(33), _ => Made(33), _ => false),
            () =>
            {
                for (var number = 0; number < 32; number += 16)
                    Stage.Require(Table.TryGetValue(Tenant(number), out var found) && found == Made(number), "A handle was lost for a moment.");
            });
    }
}

/// <summary>A handle goes to rest while its tenant is looked up and wants a pool again: whoever holds it has the only one, all the time.</summary>
internal sealed class HandleRests : HandleScenario
{
    protected override Play Play()
    {
        Table = new HandleTable(keptWithoutPool: 1, keptAfterPool: 1);
        for (var number = 0; number < 5; number++)
            GivePool(number);
        Fill(3);
        Table.GetOrAdd(Tenant(3), _ => Made(3), _ => false);
        var back = default(TenantDataSource);
        return new Play(
            () => back == Made(0) && Enumerable.Range(0, 5).All(number => Table.Find(Tenant(number)) == Made(number)) ? null : "A handle was made anew, or lost.",
            () => Table.GetOrAdd(Tenant(4), _ => Made(4), _ => false),
            () => back = Table.GetOrAdd(Tenant(0), _ => Made(9), _ => false),
            () => Stage.Require(Table.Find(Tenant(0)) == Made(0), "A handle that is held was not found."));
    }

    private void GivePool(int number)
    {
        if (Made(number).HadPool)
            return;
        var pool = new PoolOfScenario().Make(permits: 0);
        Made(number).Publish(null, pool);
        Made(number).Publish(pool, null);
    }
}
