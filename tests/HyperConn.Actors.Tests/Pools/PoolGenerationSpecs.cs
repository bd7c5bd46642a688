using Akka.Actor;
using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>Leases and eviction of a generation by itself. Threads are real here; what they may see is decided by one atomic word.</summary>
public class PoolGenerationSpecs
{
    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    private readonly PoolRuntime _runtime = new(new HyperConnOptions { ProjectName = "martech" }, new FakeTimeProvider());
    private readonly CountingRef _told = new();

    public PoolGenerationSpecs() => _runtime.Supervisor = _told;

    private PoolGeneration Make(int permits)
    {
        Assert.True(PostgresCredentials.TryParse(ScriptedSecrets.Uri(), out var credentials, out _));
        var server = new ServerState(new ServerEndpoint("db1", 5432)) { Budget = _told };
        var pool = new PoolGeneration(
            _runtime.Leases, Acme, 1, new GenerationCredentials(credentials, "v1", default, Moment.Never), [server], GenerationOwners.Nobody(_runtime));
        var waiting = Enumerable.Range(0, permits).Select(_ => pool.AcquireAsync(default).AsTask()).ToArray();
        while (permits-- > 0)
            Assert.NotEqual(PermitOffer.Declined, pool.Desk.Offer(pool.Shares[0]));
        foreach (var lease in waiting)
        {
            var half = PoolWorld.Within(lease).GetAwaiter().GetResult().AgeBucket;
            pool.EndGrantedOpen();
            pool.EndReturned(half);
        }

        return pool;
    }

    [Fact]
    public void No_lease_begins_after_eviction_has_begun_and_none_is_open_when_it_begins()
    {
        // 120,000 tries at a lease, each beside an eviction that may begin at any time.
        const int Rounds = 300;
        const int Tries = 200;
        var (violations, taken, tried) = (0, 0, 0);
        PoolGeneration pool = null!;
        var begun = false;
        using var round = new Barrier(3);
        var workers = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            for (var left = Rounds; left > 0; left--)
            {
                round.SignalAndWait();
                for (var tries = Tries; tries > 0; tries--)
                {
                    Interlocked.Increment(ref tried);
                    var late = Volatile.Read(ref begun);
                    if (!pool.TryLease(out var lease))
                        continue;
                    if (late || pool.Word.IsDraining)
                        Interlocked.Increment(ref violations);
                    Interlocked.Increment(ref taken);
                    pool.EndReturned(lease.AgeBucket);
                }

                round.SignalAndWait();
            }
        })).ToArray();
        foreach (var worker in workers)
            worker.Start();
        for (var left = Rounds; left > 0; left--)
        {
            (pool, begun, tried) = (Make(permits: 2), false, 0);
            round.SignalAndWait();

            // Sooner or later in their tries, counted and not timed: the machine may be slow to wake them.
            SpinWait.SpinUntil(() => Volatile.Read(ref tried) >= left);
            while (!pool.Desk.TryBeginEviction(notify: true))
                Thread.SpinWait(1);
            Volatile.Write(ref begun, true);
            round.SignalAndWait();
            Assert.Equal(0, pool.Word.Leases);
            Assert.False(pool.Desk.TryBeginEviction(notify: true));
            pool.Close();
        }

        foreach (var worker in workers)
            worker.Join();
        Assert.Equal(0, violations);
        Assert.NotEqual(0, taken);
    }

    [Fact]
    public void A_pool_passed_over_by_eviction_always_tells_when_it_goes_idle()
    {
        var pool = Make(permits: 1);
        using var barrier = new Barrier(2);
        const int Rounds = 5_000;
        var ends = new Thread(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                barrier.SignalAndWait();
                if (round % 2 == 0)
                    pool.Unexpect();
                else
                    pool.EndReturned(0);
                barrier.SignalAndWait();
            }
        });
        ends.Start();
        for (var round = 0; round < Rounds; round++)
        {
            var before = _told.CountOf<PoolWentIdle>();
            if (round % 2 == 0)
                pool.Desk.Expect();
            else
                Assert.True(pool.TryLease(out _));
            barrier.SignalAndWait();
            var evicted = pool.Desk.TryBeginEviction(notify: true);
            barrier.SignalAndWait();
            if (evicted)
            {
                // Too late to be passed over: the next round needs a pool that is not evicted, so it is taken up again.
                pool.Close();
                pool = Make(permits: 1);
            }
            else
            {
                Assert.Equal(before + 1, _told.CountOf<PoolWentIdle>());
            }
        }

        ends.Join();
        pool.Close();
    }

    [Fact]
    public async Task Callers_of_one_generation_never_hold_more_leases_than_permits_and_are_served_in_order()
    {
        var pool = Make(permits: 2);
        Assert.True(pool.TryLease(out var first));
        Assert.True(pool.TryLease(out _));
        Assert.False(pool.TryLease(out _));
        var waiting = Enumerable.Range(0, 3).Select(_ => pool.AcquireAsync(default).AsTask()).ToList();
        Assert.Equal(3, pool.Waiters);
        for (var next = 0; next < 3; next++)
        {
            pool.EndReturned(first.AgeBucket);
            Assert.Equal(LeaseOutcome.Leased, (await PoolWorld.Within(waiting[next])).Outcome);
            Assert.All(waiting.Skip(next + 1), task => Assert.False(task.IsCompleted));
            Assert.Equal((2, 2), (pool.Word.Leases, pool.Word.Permits));
        }
    }

    [Fact]
    public async Task Nobody_overtakes_those_that_wait()
    {
        var pool = Make(permits: 1);
        Assert.True(pool.TryLease(out var lease));
        var waiting = pool.AcquireAsync(default).AsTask();
        pool.EndReturned(lease.AgeBucket);
        await PoolWorld.Within(waiting);
        Assert.False(pool.TryLease(out _));
    }

    [Fact]
    public void A_lease_whose_open_failed_gives_its_permit_back()
    {
        var pool = Make(permits: 1);
        Assert.True(pool.TryLease(out var lease));
        pool.EndAbandoned(lease.AgeBucket);
        Assert.Equal((0, 0), (pool.Word.Leases, pool.Word.Permits));
        Assert.Equal(1, _told.CountOf<PermitsReturned>());
    }

    [Fact]
    public async Task Draining_sends_callers_on_and_closes_with_the_last_lease()
    {
        var pool = Make(permits: 2);
        Assert.True(pool.TryLease(out var lease));
        pool.BeginDrain();
        Assert.Equal(LeaseOutcome.SentBack, (await pool.AcquireAsync(default)).Outcome);
        Assert.True(pool.End.Begun.IsCompleted);
        Assert.False(pool.End.Closed.IsCompleted);
        pool.EndReturned(lease.AgeBucket);
        await PoolWorld.Within(pool.End.Closed);
        Assert.Equal(1, _told.CountOf<HolderClosed>());
        pool.Close();
        Assert.Equal(1, _told.CountOf<HolderClosed>());
    }

    [Fact]
    public async Task Queues_have_their_limits()
    {
        _runtime.Options.Servers.MaxWaitersPerTenant = 2;
        var pool = Make(permits: 0);
        var waiting = new[] { pool.AcquireAsync(default).AsTask(), pool.AcquireAsync(default).AsTask() };
        Assert.Equal(LeaseOutcome.TenantWaitersFull, (await pool.AcquireAsync(default)).Outcome);
        _runtime.Options.Servers.MaxWaitersPerTenant = 10;
        _runtime.Options.Servers.MaxWaitersPerServer = 2;
        Assert.Equal(LeaseOutcome.ServerWaitersFull, (await pool.AcquireAsync(default)).Outcome);
        Assert.Equal(2, pool.Shares[0].Server.Waiting);
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public async Task A_cancelled_wait_leaves_nothing()
    {
        var pool = Make(permits: 0);
        using var giveUp = new CancellationTokenSource();
        var waiting = pool.AcquireAsync(giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PoolWorld.Within(waiting));
        Assert.Equal((0, 0), (pool.Waiters, pool.Shares[0].Server.Waiting));
        Assert.False(pool.Word.Has(LeaseWord.HasWaiters));
        Assert.Equal(PermitOffer.Declined, pool.Desk.Offer(pool.Shares[0]));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pool.AcquireAsync(giveUp.Token).AsTask());
    }

    /// <summary>Counts what it is told, by type.</summary>
    private sealed class CountingRef : MinimalActorRef
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<Type, int> _counts = new();

        public override ActorPath Path { get; } = new RootActorPath(new Address("akka", "test")) / "counting";

        public override IActorRefProvider Provider => throw new NotSupportedException();

        public int CountOf<T>() => _counts.GetValueOrDefault(typeof(T));

        protected override void TellInternal(object message, IActorRef sender) => _counts.AddOrUpdate(message.GetType(), 1, (_, count) => count + 1);
    }
}
