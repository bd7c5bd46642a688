using System.Globalization;
using Akka.Actor;
using HyperConn.Opening;
using HyperConn.Pools;

namespace HyperConn.Tests.Pools;

public class PoolCreationSpecs : PoolSpec
{
    [Fact]
    public async Task A_thousand_first_requests_make_one_pool_and_one_look_up()
    {
        World.Secrets.Holds = true;
        var asked = Enumerable.Range(0, 500).Select(_ => World.Ask("acme")).ToList();
        var ensured = Enumerable.Range(0, 500).Select(n => World.Ensure("acme", forLease: n % 2 == 0)).ToList();
        World.Secrets.Release();

        foreach (var reply in await Task.WhenAll(asked))
            Assert.Same(World.Handle("acme"), Assert.IsType<PoolReady>(reply).DataSource);
        Assert.All(await Task.WhenAll(ensured), pool => Assert.Same(World.Pool("acme"), pool));
        Assert.Equal([Tenant("acme")], World.Made);
        Assert.Equal([Tenant("acme")], World.Secrets.Fetches);
    }

    [Fact]
    public async Task A_live_pool_is_used_again()
    {
        var first = await World.Get("acme");
        Assert.Same(first, await World.Get("acme"));
        Assert.Single(World.Made);
    }

    [Fact]
    public async Task Tenants_that_look_alike_when_joined_have_pools_of_their_own()
    {
        TenantKey[] alike =
        [
            Tenant("a_b", "core"), Tenant("b", "core_a"), Tenant("a/b", "core"), Tenant("b", "core/a"), Tenant("a-b"), Tenant("A_B"),
            Tenant("b/", "core/a"), Tenant("/b", "core/a"), Tenant("2Fb", "core"), Tenant("/b", "core"),
        ];
        foreach (var tenant in alike)
            World.Secrets.Set(tenant, ScriptedSecrets.Uri(database: "d" + Array.IndexOf(alike, tenant).ToString(CultureInfo.InvariantCulture)), "v1");
        foreach (var tenant in alike)
            Assert.Equal(tenant, Assert.IsType<PoolReady>(await World.Ask(tenant)).DataSource.Tenant);

        var pools = alike.Select(tenant => World.Runtime.Handles.Find(tenant)!.Current!).ToList();
        Assert.Equal(alike.Length, pools.Distinct().Count());
        Assert.Equal(alike.Length, pools.Select(pool => pool.OwnerActor().Path).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, alike.Length).Select(n => $"d{n}"), pools.Select(pool => pool.Credentials.Postgres.Database));
    }

    [Fact]
    public async Task Every_character_a_tenant_may_have_makes_a_name_of_an_actor()
    {
        const string All = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+=.@-";
        foreach (var org in All.Select(letter => letter.ToString()).Append(All).Append("../..").Append(new string('x', 500)))
            Assert.IsType<PoolReady>(await World.Ask(TenantKey.Create(org, org)));
    }

    [Fact]
    public async Task The_name_of_an_actor_is_never_used_again()
    {
        await World.Get("acme");
        var first = World.Pool("acme").OwnerActor().Path;
        Assert.Equal(EvictResult.Evicted, await World.Evict("acme"));
        await World.Get("acme");
        Assert.NotEqual(first, World.Pool("acme").OwnerActor().Path);
    }

    [Fact]
    public async Task Keywords_of_a_secret_that_have_no_effect_are_named_in_the_log()
    {
        await World.Get("without");
        Assert.DoesNotContain(1007, World.Lines.EventIds);
        World.Secrets.Set(Tenant("with"), ScriptedSecrets.Uri() + "?sslcompression=1", "v1");
        await World.Get("with");
        Assert.Contains("sslcompression", Assert.Single(World.Lines.Lines, line => line.Event.Id == 1007).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_off_the_list_is_refused()
    {
        Configure = options => options.Services = ["Core", "billing"];
        Assert.IsType<PoolReady>(await World.Ask(Tenant("acme", "CORE")));
        var refusal = Assert.IsType<PoolUnavailable>(await World.Ask(Tenant("acme", "reports"))).Reason;

        Assert.Equal(HyperConnErrorCode.ServiceNotAllowed, refusal.Code);
        Assert.Contains("billing, core", refusal.Message, StringComparison.Ordinal);
        Assert.Single(World.Secrets.Fetches);
        Assert.DoesNotContain(Tenant("acme", "reports"), World.Runtime.Handles.Values.Select(handle => handle.Tenant));
    }

    [Fact]
    public async Task An_empty_list_allows_any_service() =>
        Assert.IsType<PoolReady>(await World.Ask(Tenant("acme", "whatever")));

    [Fact]
    public async Task An_empty_tenant_is_refused()
    {
        var refusal = Assert.IsType<PoolUnavailable>(await World.Ask(default(TenantKey))).Reason;
        Assert.Equal(HyperConnErrorCode.InvalidTenant, refusal.Code);
        var thrown = await Assert.ThrowsAsync<HyperConnException>(() => World.Runtime.EnsurePoolAsync(default, false, default));
        Assert.Equal(HyperConnErrorCode.InvalidTenant, thrown.Code);
    }

    [Fact]
    public async Task A_failure_answers_everybody_and_the_next_request_tries_again()
    {
        World.Secrets.Fail(Tenant("acme"), HyperConnErrorCode.SecretNotFound);
        World.Secrets.Holds = true;
        var asked = World.Ask("acme");
        var ensured = World.Ensure("acme");
        World.Secrets.Release();

        Assert.Equal(HyperConnErrorCode.SecretNotFound, Assert.IsType<PoolUnavailable>(await asked).Reason.Code);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, (await Assert.ThrowsAsync<HyperConnException>(() => ensured)).Code);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, (await World.Snapshot()).Tenants.Single().LastFailure!.Code);

        World.Secrets.Set(Tenant("acme"), ScriptedSecrets.Uri(), "v1");
        await World.Get("acme");
        Assert.Null(World.Handle("acme").LastFailure);
        Assert.Equal((2, 1), (World.Runtime.Counters.PoolsCreated, World.Runtime.Counters.PoolsFailed));
    }

    [Fact]
    public async Task Other_waiters_still_get_their_pool_when_one_gives_up()
    {
        World.Secrets.Holds = true;
        using var giveUp = new CancellationTokenSource();
        var one = World.Ensure("acme", forLease: true, giveUp.Token);
        var other = World.Ensure("acme", forLease: true);
        var asked = World.Ask("acme");
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        World.Secrets.Release();

        var pool = await other;
        Assert.IsType<PoolReady>(await asked);

        // Only the one that is still there keeps the pool from eviction.
        Assert.False(pool.Desk.TryBeginEviction(notify: false));
        pool.Unexpect();
        Assert.True(pool.Desk.TryBeginEviction(notify: false));
    }

    [Fact]
    public async Task A_promise_to_a_caller_that_has_gone_reserves_nothing()
    {
        await World.Get("acme");
        var promise = new PoolPromise(forLease: true);
        promise.SetCanceled();
        World.Supervisor.Tell(new EnsurePool(Tenant("acme"), promise));
        Assert.True(World.Pool("acme").Desk.TryBeginEviction(notify: false));
    }

    [Fact]
    public async Task A_caller_on_its_way_keeps_the_pool_from_eviction_and_its_end_is_told()
    {
        Configure = options => options.Pools.MaxPools = 1;
        var expected = await World.Ensure("a", forLease: true);
        World.Pass(1);
        await World.Get("b");
        Assert.Equal(["a", "b"], World.Live);

        // It gives up, and the pool that was passed over is the surplus to trim.
        World.Pass(1);
        expected.Unexpect();
        Assert.Equal(["b"], World.Live);
    }

    [Fact]
    public async Task An_Ask_nobody_waits_for_any_more_leaves_nothing()
    {
        World.Secrets.Holds = true;
        var asked = World.Supervisor.Ask<PoolReply>(new GetPool(Tenant("acme")), TimeSpan.FromSeconds(1));
        World.Pass(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAsync<AskTimeoutException>(() => PoolWorld.Within(asked));
        World.Secrets.Release();

        Assert.Equal(0, World.Runtime.Generations.LeasesOpen);
        Assert.True(World.Pool("acme").Desk.TryBeginEviction(notify: false));
    }
}
