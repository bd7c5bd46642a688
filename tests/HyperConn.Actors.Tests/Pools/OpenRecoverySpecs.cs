using System.Net.Sockets;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>What follows from an open that failed, for its caller and for those who come after.</summary>
public class OpenRecoverySpecs : OpeningSpec
{
    private static readonly NpgsqlException Expired =
        new("No password.", new HyperConnException(new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, "Too old.")));

    private readonly OpenRecovery _recovery;
    private readonly ServerState _server;
    private readonly PoolGeneration _pool;
    private readonly TenantDataSource _handle;
    private readonly OpenRequest _request;

    public OpenRecoverySpecs()
    {
        _recovery = new OpenRecovery(Runtime.Opening, new ServerCapacity(Runtime.Opening));
        _server = Server();
        _pool = Pool("acme", _server);
        _handle = Publish(_pool);
        _request = Request(_pool, _handle);
    }

    private Task RecoverAsync(Exception exception, CancellationToken cancellationToken = default) =>
        _recovery.RecoverAsync(_request, _pool, exception, cancellationToken).AsTask();

    private async Task<HyperConnFailure> RefusedAsync(Exception exception) =>
        (await Assert.ThrowsAsync<HyperConnException>(() => PoolWorld.Within(RecoverAsync(exception)))).Failure;

    /// <summary>It waits for a slot, and tries again when it has waited.</summary>
    private async Task AssertPausesAsync(Exception exception)
    {
        var recovering = RecoverAsync(exception);
        Assert.False(recovering.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(2));
        await PoolWorld.Within(recovering);
    }

    [Fact]
    public async Task With_newer_credentials_than_those_that_expired_it_tries_again()
    {
        Owner.Newer.SetResult(true);
        await PoolWorld.Within(RecoverAsync(Expired));
        Assert.Equal([true], Owner.Asked);
        Assert.False(_handle.Login.IsOpen);
    }

    [Fact]
    public async Task Where_there_are_none_newer_than_those_that_expired_the_store_is_to_blame()
    {
        Owner.Newer.SetResult(false);
        var refused = await RefusedAsync(Expired);
        Assert.Equal((HyperConnErrorCode.StoreUnavailable, Acme), (refused.Code, refused.Tenant));
        Assert.False(_handle.Login.IsOpen);
    }

    [Fact]
    public async Task A_pool_that_ends_meanwhile_is_not_waited_for()
    {
        var recovering = RecoverAsync(Expired);
        Assert.False(recovering.IsCompleted);
        _pool.BeginDrain();
        await PoolWorld.Within(recovering);
    }

    public static TheoryData<Exception> Late => [Answer("28P01"), Answer("3D000"), Expired];

    [Theory]
    [MemberData(nameof(Late), DisableDiscoveryEnumeration = true)]
    public async Task What_older_credentials_or_an_earlier_pool_met_says_nothing_about_those_in_use(Exception exception)
    {
        _request.SecretVersion = "v0";
        await PoolWorld.Within(RecoverAsync(exception));
        _request.SecretVersion = "v1";
        Publish(Pool("acme", _server));
        await PoolWorld.Within(RecoverAsync(exception));
        Assert.Empty(Owner.Asked);
        Assert.False(_handle.Login.IsOpen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refused_login_is_remembered_unless_there_is_another_password_now(bool changed)
    {
        Owner.Newer.SetResult(changed);
        await PoolWorld.Within(RecoverAsync(Answer("28P01")));
        Assert.Equal([false], Owner.Asked);
        Assert.Equal(!changed, _handle.Login.IsOpen);
        Assert.Equal(changed ? 0 : 1, Lines.EventIds.Count(id => id == 1020));
    }

    [Fact]
    public async Task Who_gives_up_while_it_asks_for_newer_credentials_leaves_the_try_to_the_next()
    {
        using var giveUp = new CancellationTokenSource();
        var recovering = RecoverAsync(Answer("28P01"), giveUp.Token);
        Assert.Equal(CircuitState.HalfOpen, _handle.Login.State);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PoolWorld.Within(recovering));
        Assert.True(_handle.Login.MayProbe);
    }

    [Fact]
    public async Task Another_that_is_refused_meanwhile_asks_nobody()
    {
        var first = RecoverAsync(Answer("28P01"));
        await PoolWorld.Within(_recovery.RecoverAsync(Request(_pool, _handle), _pool, Answer("28P01"), default).AsTask());
        Assert.Single(Owner.Asked);
        Owner.Newer.SetResult(true);
        await PoolWorld.Within(first);
    }

    [Theory]
    [InlineData("3D000", "database \"d\" does not exist", HyperConnErrorCode.DatabaseUnavailable)]
    [InlineData("08P01", "unsupported startup parameter: search_path", HyperConnErrorCode.ConnectionFailed)]
    public async Task What_a_try_meets_whose_turn_is_over_is_told_and_not_remembered(string state, string text, HyperConnErrorCode code)
    {
        _handle.Login.Failed(new HyperConnFailure(HyperConnErrorCode.LoginRefused, "Before."), CircuitPass.Closed);
        Time.Advance(TimeSpan.FromSeconds(3));
        _request.Lease = new Lease(LeaseOutcome.Granted, LoginProbe: _handle.Login.TryProbe()!.Value);
        _handle.Login.Reset();

        Assert.Equal(code, (await RefusedAsync(Answer(state, text))).Code);
        Assert.False(_handle.Login.IsOpen);
        Assert.True(_request.LoginReported);

        // By one that tries on its own account it is.
        _request.Lease = default;
        Assert.Equal(code, (await RefusedAsync(Answer(state, text))).Code);
        Assert.Equal(code, _handle.Login.Cause!.Code);
    }

    [Fact]
    public async Task What_is_none_of_the_known_faults_is_told_and_nobody_is_the_wiser()
    {
        Assert.Equal(HyperConnErrorCode.ConnectionFailed, (await RefusedAsync(Answer("22023"))).Code);
        Assert.False(_handle.Login.IsOpen || _pool.Health.Circuit.IsOpen);
    }

    [Fact]
    public async Task A_pool_full_of_connection_objects_is_waited_for_and_says_nothing_about_the_server()
    {
        await AssertPausesAsync(new NpgsqlException("The connection pool has been exhausted, either raise 'Max Pool Size'", new TimeoutException()));
        Assert.False(_request.ServerReported || _pool.Health.Circuit.IsOpen);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("CheckMyDatabase", false)]
    public async Task A_server_without_a_slot_is_told_to_its_budget_and_the_tenants_own_limit_is_not(string? routine, bool isServers)
    {
        await AssertPausesAsync(Answer("53300", routine: routine));
        Assert.Equal(isServers ? 1 : 0, Told<ServerFull>(_server));
        Assert.False(_pool.Health.Circuit.IsOpen);
    }

    [Fact]
    public async Task An_answer_of_any_kind_says_that_a_server_which_was_away_is_back()
    {
        _pool.Health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        await RefusedAsync(Answer("3D000"));
        Assert.False(_pool.Health.Circuit.IsOpen);
        Assert.Contains(1023, Lines.EventIds);
    }

    [Fact]
    public async Task No_answer_to_one_of_several_tenants_is_tried_once_more_and_then_held_against_itself()
    {
        Pool("other", _server).Desk.TakeAnyway(out _);
        var cut = new NpgsqlException("cut", new SocketException((int)SocketError.ConnectionReset));
        await AssertPausesAsync(cut);
        Assert.False(_request.LoginReported);

        _pool.Health.ReportReachable(TenantKey.Create("core", "other"));
        await PoolWorld.Within(RecoverAsync(cut));
        Assert.True(_request.LoginReported && _handle.Login.IsOpen);
        Assert.Contains(1025, Lines.EventIds);
        Assert.False(_pool.Health.Circuit.IsOpen);
    }
}
