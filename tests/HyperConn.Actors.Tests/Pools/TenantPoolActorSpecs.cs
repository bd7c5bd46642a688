using Akka.Actor;
using Akka.TestKit;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>A tenant's pool actor alone: its parent and its fetcher are probes.</summary>
public class TenantPoolActorSpecs : PoolSpec
{
    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    private readonly PoolRuntime _runtime;
    private readonly TestProbe _parent;
    private readonly TestProbe _fetcher;
    private readonly TenantDataSource _handle;
    private readonly IActorRef _pool;

    public TenantPoolActorSpecs()
    {
        var options = new HyperConnOptions { ProjectName = "martech" };
        _runtime = new PoolRuntime(options, SchedulerTimeProvider.Of(Sys));
        _parent = CreateTestProbe("parent");
        _fetcher = CreateTestProbe("fetcher");
        _handle = new TenantDataSource(_runtime.Opening, Acme);
        _pool = _parent.ChildActorOf(TenantPoolActor.Props(_runtime, _handle, _fetcher.Ref).WithDispatcher(PoolWorld.Dispatcher));
        _fetcher.ExpectMsg<FetchCredentials>(fetch => Assert.Equal(Acme, fetch.Tenant));
    }

    private PoolGeneration Current => _handle.Current!;

    private CredentialsFound Found(string version, string? text = null) =>
        new(Acme, text ?? ScriptedSecrets.Uri(), version, Moment.Of(_runtime.Monotonic, _runtime.Monotonic.Now), Moment.Never);

    private static ServersLocated Located(params string[] hosts) => new(Array.ConvertAll(hosts, host => new ServerState(new ServerEndpoint(host, 5432))));

    private void Say(object message, TestProbe from) => _pool.Tell(message, from.Ref);

    private void Open()
    {
        Say(Found("v1"), _fetcher);
        Assert.Equal([new ServerEndpoint("db1", 5432)], _parent.ExpectMsg<LocateServers>().Endpoints);
        Say(Located("db1"), _parent);
        _parent.ExpectMsg(new PoolOpened(Acme));
    }

    private TaskCompletionSource<bool> Refuse(PoolGeneration pool, string version)
    {
        var promise = new TaskCompletionSource<bool>();
        _pool.Tell(new CredentialsRefused(pool, version, promise));
        return promise;
    }

    private static async Task<bool> Answer(TaskCompletionSource<bool> promise) => await PoolWorld.Within(promise.Task);

    private void FailsWith(HyperConnErrorCode code)
    {
        Watch(_pool);
        Assert.Equal(code, _parent.ExpectMsg<PoolFailed>().Reason.Code);
        ExpectTerminated(_pool);
        Assert.Null(_handle.Current);
        Assert.Empty(_runtime.Generations);
    }

    [Fact]
    public void It_resolves_locates_and_is_ready()
    {
        Open();
        Assert.Equal(1, Current.Number);
        Assert.Equal("v1", Current.Credentials.SecretVersion);
        Assert.Equal("db1:5432", Current.ServerName);
    }

    [Fact]
    public void A_missing_secret_fails_it()
    {
        Say(new CredentialsMissing(Acme, new HyperConnFailure(HyperConnErrorCode.KeyNotFound, "No.", Acme)), _fetcher);
        FailsWith(HyperConnErrorCode.KeyNotFound);
    }

    [Theory]
    [InlineData("not a connection string")]
    [InlineData("postgresql://user:canary-4f1d@/")]
    [InlineData("postgresql://user:canary-4f1d@db1:port/d")]
    public void A_malformed_secret_fails_it_and_is_not_quoted(string text)
    {
        Say(Found("v1", text), _fetcher);
        Watch(_pool);
        var failure = _parent.ExpectMsg<PoolFailed>().Reason;
        Assert.Equal(HyperConnErrorCode.SecretMalformed, failure.Code);
        Assert.DoesNotContain(ScriptedSecrets.Canary, failure.ToString(), StringComparison.Ordinal);
        ExpectTerminated(_pool);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_fails_when_it_is_not_ready_in_time(bool located)
    {
        if (located)
            Say(Found("v1"), _fetcher);
        ((TestScheduler)Sys.Scheduler).Advance(_runtime.Options.Pools.AcquireTimeout);
        if (located)
            _parent.ExpectMsg<LocateServers>();
        FailsWith(HyperConnErrorCode.TimedOut);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Draining_before_it_is_ready_ends_it(bool located)
    {
        if (located)
        {
            Say(Found("v1"), _fetcher);
            _parent.ExpectMsg<LocateServers>();
        }

        _pool.Tell(DrainPool.Instance);
        FailsWith(HyperConnErrorCode.ShuttingDown);
    }

    [Fact]
    public void A_hook_that_changes_the_user_fails_it()
    {
        _runtime.Options.Connections.ConfigureDataSource = (_, builder) => builder.ConnectionStringBuilder.Username = "other";
        Say(Found("v1"), _fetcher);
        _parent.ExpectMsg<LocateServers>();
        Say(Located("db1"), _parent);
        FailsWith(HyperConnErrorCode.SecretMalformed);
    }

    [Fact]
    public void A_changed_password_keeps_the_generation()
    {
        Open();
        var before = Current;
        Say(Found("v2", ScriptedSecrets.Uri(password: "next")), _fetcher);
        Assert.Same(before, Current);
        Assert.Equal(("v2", "next"), (before.Credentials.SecretVersion, before.Secrets.CurrentPassword()));
        Assert.Equal(1, _runtime.Counters.Rotations);
        _parent.ExpectNoMsg(TimeSpan.Zero);
    }

    [Theory]
    [InlineData("postgresql://other:canary-4f1d@db1/d", "db1")]
    [InlineData("postgresql://app:canary-4f1d@db2/d", "db2")]
    [InlineData("postgresql://app:canary-4f1d@db1/other", "db1")]
    [InlineData("postgresql://app:canary-4f1d@db1/d?application_name=other", "db1")]
    public async Task Anything_else_that_changes_starts_a_generation_and_drains_the_one_before(string text, string host)
    {
        Open();
        var before = Current;
        Say(Found("v2", text), _fetcher);
        Assert.Equal(host, _parent.ExpectMsg<LocateServers>().Endpoints.Single().Host);
        Assert.Same(before, Current);
        Say(Located(host), _parent);

        Assert.Equal((2, "v2"), (Current.Number, Current.Credentials.SecretVersion));
        Assert.True(before.Word.IsDraining);
        await PoolWorld.Within(before.End.Closed);
        Assert.Equal([Current], _runtime.Generations);

        // Whatever the supervisor had marked on the one before.
        _parent.ExpectMsg(new PoolOpened(Acme));
    }

    [Fact]
    public void The_same_credentials_in_a_new_version_change_nothing()
    {
        Open();
        var before = Current;
        Say(Found("v2"), _fetcher);
        Assert.Same(before, Current);
        Assert.Equal("v2", before.Credentials.SecretVersion);
        Assert.Equal(0, _runtime.Counters.Rotations);
    }

    [Fact]
    public async Task A_malformed_new_version_keeps_the_old_one_and_is_remembered()
    {
        Open();
        var before = Current;
        var refused = Refuse(before, "v1");
        _fetcher.ExpectMsg<RefetchCredentials>();
        Say(Found("v2", "nonsense"), _fetcher);
        Assert.False(await Answer(refused));
        Assert.Same(before, Current);
        Assert.Equal("v1", before.Credentials.SecretVersion);
        Assert.Equal(HyperConnErrorCode.SecretMalformed, _handle.LastFailure!.Code);

        Say(Found("v3", ScriptedSecrets.Uri(password: "next")), _fetcher);
        Assert.Equal("v3", before.Credentials.SecretVersion);
        Assert.Null(_handle.LastFailure);
    }

    [Fact]
    public void What_stands_against_the_newest_version_is_remembered_until_an_answer_without_it()
    {
        Open();
        Say(Found("v1") with { Setback = new HyperConnFailure(HyperConnErrorCode.SecretMalformed, "Broken.") }, _fetcher);
        Assert.Equal("Broken.", _handle.LastFailure!.Message);
        Say(Found("v1"), _fetcher);
        Assert.Null(_handle.LastFailure);
    }

    [Fact]
    public async Task A_login_refused_with_the_current_version_fetches_once_for_all()
    {
        Open();
        var refused = Enumerable.Range(0, 50).Select(_ => Refuse(Current, "v1")).ToList();
        Assert.Equal("v1", _fetcher.ExpectMsg<RefetchCredentials>().StaleVersion);
        _fetcher.ExpectNoMsg(TimeSpan.Zero);
        Say(Found("v2", ScriptedSecrets.Uri(password: "next")), _fetcher);
        foreach (var each in refused)
            Assert.True(await Answer(each));

        // The next refusal is a look-up of its own.
        var again = Refuse(Current, "v2");
        _fetcher.ExpectMsg<RefetchCredentials>();
        Say(Found("v2", ScriptedSecrets.Uri(password: "next")), _fetcher);
        Assert.False(await Answer(again));
    }

    [Fact]
    public async Task A_late_refusal_of_an_older_version_or_generation_is_answered_at_once()
    {
        Open();
        var first = Current;
        Say(Found("v2", ScriptedSecrets.Uri(password: "next")), _fetcher);
        Assert.True(await Answer(Refuse(first, "v1")));
        Say(Found("v3", ScriptedSecrets.Uri(user: "other")), _fetcher);
        Say(Located("db1"), _parent);
        Assert.True(await Answer(Refuse(first, "v3")));
        _fetcher.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public async Task Refused_callers_hear_when_nothing_newer_can_be_had()
    {
        Open();
        var refused = Refuse(Current, "v1");
        Say(new CredentialsMissing(Acme, new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, "No.", Acme)), _fetcher);
        Assert.False(await Answer(refused));
    }

    [Fact]
    public async Task Refused_callers_of_a_pool_that_ends_try_the_next()
    {
        Open();
        var refused = Refuse(Current, "v1");
        Assert.True(Current.Desk.TryBeginEviction(notify: false));
        _pool.Tell(new ClosePool(EvictionReason.LeastRecentlyUsed));
        Assert.True(await Answer(refused));
    }

    [Fact]
    public void The_servers_of_one_version_never_meet_the_credentials_of_another()
    {
        Open();
        Say(Found("v2", ScriptedSecrets.Uri(host: "db2")), _fetcher);
        Say(Found("v3", ScriptedSecrets.Uri(host: "db3")), _fetcher);
        Say(Located("db2"), _parent);
        Assert.Equal("v1", Current.Credentials.SecretVersion);
        Say(Located("db3"), _parent);
        Assert.Equal(("v3", "db3:5432", 2), (Current.Credentials.SecretVersion, Current.ServerName, Current.Number));
    }

    [Fact]
    public void A_version_taken_back_while_it_was_adopted_is_not_taken_over()
    {
        Open();
        Say(Found("v2", ScriptedSecrets.Uri(user: "other")), _fetcher);
        Say(Found("v3", ScriptedSecrets.Uri(password: "next")), _fetcher);
        Say(Located("db1"), _parent);
        Assert.Equal(("v3", 1), (Current.Credentials.SecretVersion, Current.Number));
    }

    [Fact]
    public void The_same_version_found_twice_makes_one_generation()
    {
        Open();
        Say(Found("v2", ScriptedSecrets.Uri(user: "other")), _fetcher);
        Say(Found("v2", ScriptedSecrets.Uri(user: "other")), _fetcher);
        Say(Located("db1"), _parent);
        Say(Located("db1"), _parent);
        Assert.Equal(2, Current.Number);
    }

    [Fact]
    public void A_version_announced_while_servers_are_located_is_fetched_after()
    {
        Say(Found("v1"), _fetcher);
        _parent.ExpectMsg<LocateServers>();
        _pool.Tell(AdoptCredentials.Instance);
        _fetcher.ExpectNoMsg(TimeSpan.Zero);
        Say(Located("db1"), _parent);
        _fetcher.ExpectMsg<FetchCredentials>();
        Say(Found("v2", ScriptedSecrets.Uri(password: "next")), _fetcher);
        Assert.Equal("v2", Current.Credentials.SecretVersion);
    }

    [Fact]
    public async Task Eviction_that_began_before_a_new_generation_was_published_wins()
    {
        Open();
        var before = Current;
        Say(Found("v2", ScriptedSecrets.Uri(user: "other")), _fetcher);
        Assert.True(before.Desk.TryBeginEviction(notify: true));
        Assert.True(_handle.Publish(before, null));
        Say(Located("db1"), _parent);
        Assert.Null(_handle.Current);
        Watch(_pool);
        _pool.Tell(new ClosePool(EvictionReason.LeastRecentlyUsed));
        ExpectTerminated(_pool);
        await PoolWorld.Within(before.End.Closed);
        Assert.Empty(_runtime.Generations);
    }

    [Fact]
    public void Eviction_that_is_overtaken_by_a_new_generation_closes_that_too()
    {
        Open();
        var before = Current;
        Say(Found("v2", ScriptedSecrets.Uri(user: "other")), _fetcher);
        Assert.True(before.Desk.TryBeginEviction(notify: true));
        Say(Located("db1"), _parent);
        Assert.Equal(2, Current.Number);
        Assert.False(_handle.Publish(before, null));
        Watch(_pool);
        _pool.Tell(new ClosePool(EvictionReason.LeastRecentlyUsed));
        ExpectTerminated(_pool);
        Assert.Null(_handle.Current);
        Assert.Empty(_runtime.Generations);
    }

    [Fact]
    public void The_next_pool_of_a_tenant_is_published_over_what_the_last_one_left()
    {
        Open();
        var left = Current;
        var next = _parent.ChildActorOf(TenantPoolActor.Props(_runtime, _handle, _fetcher.Ref).WithDispatcher(PoolWorld.Dispatcher));
        next.Tell(Found("v1"), _fetcher.Ref);
        next.Tell(Located("db1"), _parent.Ref);
        Assert.NotSame(left, Current);
        var current = Current;
        _pool.Tell(new ClosePool(EvictionReason.LeastRecentlyUsed));
        Assert.Same(current, Current);
    }

    [Fact]
    public void A_crash_unpublishes_the_pool()
    {
        Open();
        var pool = Current;
        Watch(_pool);
        _pool.Tell(Kill.Instance);
        ExpectTerminated(_pool);
        Assert.Null(_handle.Current);
        Assert.True(pool.Word.IsDraining);
        Assert.Empty(_runtime.Generations);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public void Credentials_past_their_time_still_serve_and_are_refreshed_past_their_limit_they_do_not(int wallClockIsSetByHours)
    {
        var clock = _runtime.Monotonic;
        var (now, later) = (Moment.Of(clock, clock.Now), Moment.Of(clock, clock.Now + TimeSpan.FromMinutes(30)));
        Say(new CredentialsFound(Acme, ScriptedSecrets.Uri(), "v1", now, later), _fetcher);
        _parent.ExpectMsg<LocateServers>();
        Say(Located("db1"), _parent);
        _runtime.Supervisor = _parent.Ref;
        _parent.ExpectMsg<PoolOpened>();

        var scheduler = (TestScheduler)Sys.Scheduler;
        scheduler.Advance(TimeSpan.FromMinutes(29));
        ((SchedulerTimeProvider)_runtime.Time).WallClockStep = TimeSpan.FromHours(wallClockIsSetByHours);
        Assert.Equal(ScriptedSecrets.Canary, Current.Secrets.CurrentPassword());
        _parent.ExpectNoMsg(TimeSpan.Zero);
        scheduler.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(ScriptedSecrets.Canary, Current.Secrets.CurrentPassword());
        _parent.ExpectMsg(new CredentialsStale("acme"));
        scheduler.Advance(TimeSpan.FromHours(24));
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, Assert.Throws<HyperConnException>(() => Current.Secrets.CurrentPassword()).Code);
    }
}
