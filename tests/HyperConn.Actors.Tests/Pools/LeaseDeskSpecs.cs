using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>Who gets a lease on which permit, while all is well and while a server is away. Without actors and without a server.</summary>
public class LeaseDeskSpecs
{
    private readonly FakeTimeProvider _time = new();
    private readonly PoolRuntime _runtime;

    public LeaseDeskSpecs() => _runtime = new PoolRuntime(new HyperConnOptions { ProjectName = "martech", Connections = { MaxPerTenant = 2 } }, _time);

    private ServerState Server(string host) => new(new ServerEndpoint(host, 5432), _time);

    private PoolGeneration Pool(string org, params ServerState[] servers)
    {
        Assert.True(PostgresCredentials.TryParse(ScriptedSecrets.Uri(), out var credentials, out _));
        return new PoolGeneration(
            _runtime.Leases, TenantKey.Create("core", org), 1, new GenerationCredentials(credentials, "v1", default, Moment.Never), servers, GenerationOwners.Nobody(_runtime));
    }

    [Fact]
    public async Task Who_waits_behind_its_own_cap_keeps_nobody_else_from_trying_a_server_that_was_away()
    {
        var server = Server("db1");
        var (full, other) = (Pool("full", server), Pool("other", server));
        full.Desk.TakeAnyway(out _);
        full.Desk.TakeAnyway(out _);
        server.Health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        var (behind, next) = (full.Desk.Join(), other.Desk.Join());
        Assert.Equal(PermitOffer.NotNow, other.Desk.Offer(other.Shares[0]));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(PermitOffer.Declined, full.Desk.Offer(full.Shares[0]));
        Assert.Equal(PermitOffer.TakenLast, other.Desk.Offer(other.Shares[0]));
        var lease = await PoolWorld.Within(next.Task);
        Assert.True(lease.ServerProbe.IsProbe);
        Assert.False(behind.Task.IsCompleted);
    }

    [Fact]
    public async Task While_one_tries_permits_are_of_no_use_to_others()
    {
        var server = Server("db1");
        var (one, other) = (Pool("one", server), Pool("other", server));
        server.Health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        _time.Advance(TimeSpan.FromSeconds(1));
        var (first, second) = (one.Desk.Join(), other.Desk.Join());
        Assert.Equal(PermitOffer.TakenLast, one.Desk.Offer(one.Shares[0]));
        Assert.Equal(PermitOffer.NotNow, other.Desk.Offer(other.Shares[0]));
        server.Health.Circuit.ProbeAbandoned((await PoolWorld.Within(first.Task)).ServerProbe);
        Assert.Equal(PermitOffer.TakenLast, other.Desk.Offer(other.Shares[0]));
        Assert.True((await PoolWorld.Within(second.Task)).ServerProbe.IsProbe);
    }

    [Fact]
    public async Task A_permit_of_one_server_is_held_until_the_other_grants_one_and_opens_nothing_meanwhile()
    {
        var (a, b) = (Server("a"), Server("b"));
        var pool = Pool("both", a, b);
        var waiting = pool.Desk.Join();
        Assert.Equal(PermitOffer.Parked, pool.Desk.Offer(pool.Shares[0]));
        Assert.Equal(PermitOffer.Declined, pool.Desk.Offer(pool.Shares[0]));
        Assert.False(waiting.Task.IsCompleted);
        Assert.Equal(PermitOffer.TakenLast, pool.Desk.Offer(pool.Shares[1]));
        Assert.True((await PoolWorld.Within(waiting.Task)).IsGranted);
        Assert.Equal((1, 1), (pool.Word.Leases, pool.Word.Permits));
    }

    [Fact]
    public void Eight_that_hold_a_permit_for_another_server_stop_no_open()
    {
        var state = Server("a");
        var ledger = new BudgetLedger(
            state, new ServerOptions { MaxConnections = 50, MaxConcurrentOpens = 8 }, 10, _time, new FixedRandom(0.5), BudgetTuning.Immediate);
        for (var i = 0; i < 8; i++)
            ledger.Want(new Holder(PermitOffer.Parked));
        var ninth = new Holder(PermitOffer.TakenLast);
        ledger.Want(ninth);
        ledger.Settle();
        Assert.Equal((9, 1, 1, 1), (ledger.Granted, ledger.Opening, state.OpenSlots.Taken, ledger.HeldBy(ninth)));
    }

    [Fact]
    public void Holders_for_whom_a_permit_is_of_no_use_now_are_asked_again_soon()
    {
        var ledger = new BudgetLedger(Server("a"), new ServerOptions { MaxConnections = 50 }, 10, _time, new FixedRandom(0.5), BudgetTuning.Immediate);
        var holder = new Holder(PermitOffer.NotNow);
        ledger.Want(holder);
        ledger.Settle();
        Assert.Equal((0, 0, true), (ledger.Granted, ledger.State.OpenSlots.Taken, ledger.NextDue() <= BudgetTuning.Default.NotNowInterval));
        holder.Answer = PermitOffer.TakenLast;
        ledger.Settle();
        Assert.Equal(1, ledger.HeldBy(holder));
    }

    private sealed class Holder(PermitOffer answer) : IPermitHolder
    {
        public PermitOffer Answer { get; set; } = answer;

        public TenantKey Tenant { get; } = TenantKey.Create("core", "any");

        public int Leases => 0;

        public int Waiters => 1;

        public long? WaitsSince => 0;

        public long LastUsed => 0;

        public PermitOffer Offer() => Answer;

        public bool StillWants() => true;

        public void Reclaim(int keep)
        {
        }
    }
}
