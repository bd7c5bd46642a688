using FsCheck;
using FsCheck.Fluent;

namespace HyperConn.Tests.Pools;

/// <summary>Random uses of six tenants under a cap of three, beside a model that is a list.</summary>
public class EvictionModelSpecs : PoolSpec
{
    private const int Cap = 3;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(2);
    private static readonly string[] Orgs = ["a", "b", "c", "d", "e", "f"];

    private enum Verb
    {
        Get,
        Hold,
        End,
        Wait,
    }

    [Fact]
    public void The_same_pools_are_evicted_for_the_same_reasons_as_in_the_model()
    {
        var step = Gen.OneOf(
            Gen.Select(Gen.Elements(Orgs), org => (Verb.Get, org)),
            Gen.Select(Gen.Elements(Orgs), org => (Verb.Hold, org)),
            Gen.Select(Gen.Elements(Orgs), org => (Verb.End, org)),
            Gen.Constant((Verb.Wait, "")));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(80),
            Prop.ForAll(Arb.From(Gen.ListOf(step)), steps => Walk([.. steps]).GetAwaiter().GetResult()));
    }

    private async Task Walk((Verb Verb, string Org)[] steps)
    {
        var world = new PoolWorld(Sys, options =>
        {
            options.Pools.MaxPools = Cap;
            options.Pools.IdleTimeToLive = IdleTime;
        });
        var model = new Model();
        var leases = new Dictionary<string, Stack<PoolWorld.Lease>>();
        foreach (var (verb, org) in steps)
        {
            // Each use at a time of its own, so that the order is never a matter of taste.
            world.Pass(1);
            model.Now++;
            switch (verb)
            {
                case Verb.Get:
                    await world.Get(org);
                    model.Get(org);
                    break;
                case Verb.Hold:
                    (leases.TryGetValue(org, out var held) ? held : leases[org] = new()).Push(await world.Hold(org));
                    model.Get(org);
                    model.Of(org)!.Leases++;
                    break;
                case Verb.End when leases.TryGetValue(org, out var open) && open.TryPop(out var lease):
                    lease.End();
                    model.End(org);
                    break;
                case Verb.Wait:
                    world.Pass(700);
                    model.Now += 700;
                    break;
            }

            Assert.Equal(model.Pools.Select(pool => pool.Org).Order(StringComparer.Ordinal), world.Live);
            Assert.Equal(model.Evicted, world.Runtime.Counters.Evictions);
        }

        Sys.Stop(world.Supervisor);
    }

    private sealed class Pool(string org)
    {
        public string Org => org;

        public long Used { get; set; }

        public int Leases { get; set; }
    }

    private sealed class Model
    {
        public List<Pool> Pools { get; } = [];

        public long Now { get; set; }

        public Dictionary<EvictionReason, long> Evicted { get; } = Enum.GetValues<EvictionReason>().ToDictionary(reason => reason, _ => 0L);

        public Pool? Of(string org) => Pools.Find(pool => pool.Org == org);

        public void Get(string org)
        {
            if (Of(org) is { } live)
            {
                live.Used = Now;
                return;
            }

            foreach (var old in Pools.Where(pool => pool.Leases == 0 && pool.Used <= Now - IdleTime.TotalMilliseconds).ToArray())
                Evict(old, EvictionReason.IdleTimeToLive);
            Shrink(Cap - 1, EvictionReason.LeastRecentlyUsed);
            Pools.Add(new Pool(org) { Used = Now });
        }

        public void End(string org)
        {
            var pool = Of(org)!;
            pool.Used = Now;
            if (--pool.Leases == 0)
                Shrink(Cap, EvictionReason.Overflow);
        }

        private void Shrink(int to, EvictionReason reason)
        {
            while (Pools.Count > to && Pools.Where(pool => pool.Leases == 0).MinBy(pool => pool.Used) is { } oldest)
                Evict(oldest, reason);
        }

        private void Evict(Pool pool, EvictionReason reason)
        {
            Pools.Remove(pool);
            Evicted[reason]++;
        }
    }
}
