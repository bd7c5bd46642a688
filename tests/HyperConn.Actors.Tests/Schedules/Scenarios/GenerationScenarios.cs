using System.Reflection;
using System.Transactions;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Pools;
using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>A generation drains while two leases end: it closes once, after both.</summary>
internal sealed class GenerationDrain : Scenario
{
    public override int? Preemptions => 1;

    public override Play Begin()
    {
        var pool = new PoolOfScenario();
        var generation = pool.Make(permits: 2);
        generation.TryLease(out var first);
        generation.TryLease(out var second);
        return new Play(
            () => pool.Ended(generation),
            () => generation.EndReturned(first.AgeBucket),
            () => generation.EndReturned(second.AgeBucket),
            generation.BeginDrain);
    }
}

/// <summary>A generation drains while a lease ends broken, and the end of a shutdown's patience closes it.</summary>
internal sealed class GenerationGivenUp : Scenario
{
    public override int? Preemptions => 1;

    public override Play Begin()
    {
        var pool = new PoolOfScenario();
        var generation = pool.Make(permits: 1);
        generation.TryLease(out var lease);
        return new Play(
            () => pool.Ended(generation),
            () => generation.EndBroken(lease.AgeBucket),
            () =>
            {
                generation.BeginDrain();
                generation.Close();
            });
    }
}

/// <summary>A generation takes the place of another while a lease begins and ends: the one before closes once, the other takes leases.</summary>
internal sealed class GenerationReplaced : Scenario
{
    public override int? Preemptions => 1;

    public override Play Begin()
    {
        var pool = new PoolOfScenario();
        var generations = new TenantGenerations(pool.Handle);
        var (before, next) = (pool.Make(permits: 1), pool.Make(permits: 1));
        generations.Begin(before);
        return new Play(
            () => pool.Handle.Current != next ? "The next one is not published." : pool.UseHot(next) ? pool.Ended(before) : "The next one takes no leases.",
            () => Stage.Require(generations.TryReplace(next), "It was not replaced, and nobody evicts it."),
            () => pool.UseHot(pool.Handle.Current!),
            () => pool.UseHot(pool.Handle.Current!));
    }
}

/// <summary>A generation is replaced while it is evicted, and somebody wants a lease: nobody finds one that takes none.</summary>
internal sealed class GenerationEvicted : Scenario
{
    public override int? Preemptions => 1;

    public override Play Begin()
    {
        var pool = new PoolOfScenario();
        var generations = new TenantGenerations(pool.Handle);
        var (before, next) = (pool.Make(permits: 1), pool.Make(permits: 1));
        generations.Begin(before);
        var (replaced, evicted) = (false, false);
        return new Play(
            () =>
            {
                // The pool's actor hears of the eviction by a message.
                if (evicted)
                    generations.BeginDrain();
                return pool.Handle.Current is { Word.IsDraining: true } ? "A generation is published that takes no leases."
                    : !replaced && !evicted && pool.Handle.Current is null ? "Nothing is published, and nobody evicted it."
                    : replaced || evicted ? pool.Ended(before) : null;
            },
            () => replaced = generations.TryReplace(next),
            () =>
            {
                // As PoolEvictor and PoolClosing do.
                if (pool.Handle.Current is not { } current || !current.Desk.TryBeginEviction(notify: true))
                    return;
                evicted = true;
                if (pool.Handle.Current is { } published)
                    pool.Handle.Publish(published, null);
            },
            () =>
            {
                if (pool.Handle.Current is { } current)
                    pool.UseHot(current);
            });
    }
}

/// <summary>Two generations are published at once: one is.</summary>
internal sealed class GenerationsPublished : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var pool = new PoolOfScenario();
        var (one, other) = (pool.Make(permits: 0), pool.Make(permits: 0));
        var published = new List<PoolGeneration>();
        return new Play(
            () => published.Count == 1 && pool.Handle.Current == published[0] ? null : $"{published.Count} were published.",
            () => Publish(one),
            () => Publish(other));

        void Publish(PoolGeneration generation)
        {
            if (pool.Handle.Publish(null, generation))
                published.Add(generation);
        }
    }
}

/// <summary>A caller leaves while its pool comes, which was kept from eviction for it: it is so no longer.</summary>
internal sealed class PromiseLeft : Scenario
{
    public override int? Preemptions => 1;

    public override Play Begin()
    {
        var pool = new PoolOfScenario();
        var generation = pool.Make(permits: 1);
        var promise = new PoolPromise(forLease: true);
        var evicted = false;
        return new Play(
            () => evicted || pool.ToldIdle == 1 || generation.Desk.TryBeginEviction(notify: false) ? null : "It is kept for a caller that has gone.",
            () => promise.Keep(pool.Handle, generation),
            () => promise.Leave(new CancellationToken(canceled: true)),
            () => evicted = generation.Desk.TryBeginEviction(notify: true));
    }
}

/// <summary>Leases under an ambient transaction.</summary>
internal abstract class Enlisted : Scenario
{
    private static readonly MethodInfo OnCompleted = typeof(EnlistedLease).GetMethod("OnCompleted", BindingFlags.Instance | BindingFlags.NonPublic)!;

    protected PoolOfScenario Pool { get; private set; } = null!;

    protected PoolGeneration Generation { get; private set; } = null!;

    protected CommittableTransaction Transaction { get; private set; } = null!;

    public override Play Begin()
    {
        Pool = new PoolOfScenario();
        Generation = Pool.Make(permits: 2);
        Transaction = new CommittableTransaction(TimeSpan.Zero);
        return Play();
    }

    protected abstract Play Play();

    protected EnlistedLease Lease()
    {
        Stage.Require(Generation.TryLease(out var before), "No lease.");
        return EnlistedLease.Begin(Pool.Runtime.Leases, Generation, before.AgeBucket, Transaction);
    }

    /// <summary>The transaction tells it that it is over.</summary>
    protected static void Complete(EnlistedLease lease) => OnCompleted.CreateDelegate<TransactionCompletedEventHandler>(lease)(null, null!);

    protected string? Rest()
    {
        Pool.Time.Advance(TimeSpan.FromSeconds(1));
        SpinWait.SpinUntil(() => Generation.Word.Leases == 0, TimeSpan.FromSeconds(5));
        return Generation.Word is not { Leases: 0, Permits: 2 } ? $"{Generation.Word.Leases} leases and {Generation.Word.Permits} permits are left."
            : Pool.Runtime.Leases.Enlisted.IsEmpty ? null : "A lease can be continued that has ended.";
    }
}

/// <summary>A connection closes while its transaction ends, and another one goes on with its lease: that ends once.</summary>
internal sealed class EnlistedEnd : Enlisted
{
    public override int? Preemptions => 1;

    protected override Play Play()
    {
        var lease = Lease();
        return new Play(
            Rest,
            () => lease.Closed(broken: false),
            () => Complete(lease),
            () => Pool.Runtime.Leases.Enlisted.TryResume(Generation.Tenant, Transaction)?.Closed(broken: false));
    }
}

/// <summary>A connection breaks while its transaction ends.</summary>
internal sealed class EnlistedBroken : Enlisted
{
    public override int? Preemptions => null;

    protected override Play Play()
    {
        var lease = Lease();
        return new Play(
            RestOfBroken,
            () => lease.Closed(broken: true),
            () => Complete(lease));
    }

    private string? RestOfBroken()
    {
        Pool.Time.Advance(TimeSpan.FromSeconds(1));
        SpinWait.SpinUntil(() => Generation.Word.Leases == 0, TimeSpan.FromSeconds(5));
        return Generation.Word.Leases == 0 && Pool.Runtime.Leases.Enlisted.IsEmpty ? null : $"{Generation.Word.Leases} leases are left.";
    }
}

/// <summary>Two connections of one transaction at once: the first to be noted is continued, and both end.</summary>
internal sealed class EnlistedTwice : Enlisted
{
    public override int? Preemptions => 1;

    protected override Play Play()
    {
        var leases = new List<EnlistedLease>();
        return new Play(
            () =>
            {
                leases.ForEach(Complete);
                return Rest();
            },
            Open,
            Open);

        void Open()
        {
            var lease = Lease();
            leases.Add(lease);
            Stage.Require(!Pool.Runtime.Leases.Enlisted.IsEmpty, "It is not seen that a lease can be continued.");
            lease.Closed(broken: false);
        }
    }
}
