using System.Net.Sockets;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>What follows from an open that failed at a pooler, which may be away itself, or have no server, or no connection left.</summary>
public class PoolerRecoverySpecs : OpeningSpec
{
    private static readonly PostgresException Kept = Answer("08P01", "query_wait_timeout");
    private static readonly PostgresException ServerAway = Answer("08P01", "server login has been failing, try again later (server_login_retry)");
    private static readonly NpgsqlException PoolerAway = new("away", new SocketException((int)SocketError.ConnectionRefused));
    private static readonly NpgsqlException NoAnswer = new("slow", new TimeoutException());

    private readonly OpenRecovery _recovery;

    public PoolerRecoverySpecs() => _recovery = new OpenRecovery(Runtime.Opening, new ServerCapacity(Runtime.Opening));

    private Task RecoverAsync(PoolGeneration pool, Exception exception) =>
        _recovery.RecoverAsync(Request(pool, Publish(pool)), pool, exception, default).AsTask();

    private int AwayLines => Lines.EventIds.Count(id => id == 1022);

    [Fact]
    public async Task One_that_keeps_a_session_waiting_has_no_connection_left_where_the_tenant_has_others()
    {
        var server = Server();
        var pool = Pool("acme", server);
        pool.Desk.TakeAnyway(out _);

        var recovering = RecoverAsync(pool, Kept);
        Assert.False(recovering.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(2));
        await PoolWorld.Within(recovering);

        // It takes no more than it has, for a while.
        Assert.True(pool.Desk.IsAtMax());
        Assert.False(pool.Health.Circuit.IsOpen);
        Assert.Equal((ServerKind.Pooler, 1), (server.Kind, Told<PoolerFound>(server)));
        Assert.True(pool.View.HasOwnHealth);
    }

    [Fact]
    public async Task One_that_keeps_a_session_waiting_has_no_server_where_the_tenant_has_no_other()
    {
        var server = Server();
        var pool = Pool("acme", server);

        await PoolWorld.Within(RecoverAsync(pool, Kept));

        Assert.Equal(HyperConnErrorCode.ServerUnreachable, pool.Health.Circuit.Cause!.Code);
        Assert.Contains("The pooler at db1:5432", pool.Health.Circuit.Cause.Message, StringComparison.Ordinal);
        Assert.False(server.Health.Circuit.IsOpen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_is_silent_has_no_connection_left_where_the_tenant_has_others_and_is_away_where_it_has_none(bool hasOthers)
    {
        var server = Server(kind: ServerKind.Pooler);
        var pool = Pool("acme", server);
        if (hasOthers)
            pool.Desk.TakeAnyway(out _);

        var recovering = RecoverAsync(pool, NoAnswer);
        Assert.Equal(hasOthers, !recovering.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(2));
        await PoolWorld.Within(recovering);

        Assert.Equal(!hasOthers, pool.Health.Circuit.IsOpen);
        Assert.Equal(!hasOthers, server.Health.Circuit.IsOpen);
    }

    [Fact]
    public async Task That_a_pooler_is_away_is_said_once_and_that_a_server_behind_it_is_by_each_tenant()
    {
        var server = Server(kind: ServerKind.Pooler);
        foreach (var org in new[] { "a", "b" })
            await PoolWorld.Within(RecoverAsync(Pool(org, server), PoolerAway));
        Assert.True(server.Health.Circuit.IsOpen);
        Assert.Equal(1, AwayLines);

        var other = Server("db2", ServerKind.Pooler);
        foreach (var org in new[] { "c", "d" })
            await PoolWorld.Within(RecoverAsync(Pool(org, other), ServerAway));
        Assert.False(other.Health.Circuit.IsOpen);
        Assert.Equal(3, AwayLines);
    }

    [Fact]
    public async Task Of_several_hosts_a_poolers_words_don_t_tell_which_one_it_is()
    {
        var (a, b) = (Server("a"), Server("b"));
        await PoolWorld.Within(RecoverAsync(Pool("acme", a, b), ServerAway));
        Assert.Equal((ServerKind.Unknown, ServerKind.Unknown), (a.Kind, b.Kind));
    }

    [Fact]
    public async Task Several_hosts_are_away_together_also_where_one_is_a_pooler()
    {
        var (a, b) = (Server("a", ServerKind.Pooler), Server("b"));
        var pool = Pool("acme", a, b);
        await PoolWorld.Within(RecoverAsync(pool, PoolerAway));
        Assert.True(pool.Health.Circuit.IsOpen);
        Assert.False(a.Health.Circuit.IsOpen || b.Health.Circuit.IsOpen);
        Assert.Equal(1, AwayLines);
    }

    [Fact]
    public async Task That_a_server_behind_a_pooler_is_back_is_no_line()
    {
        var pool = Pool("acme", Server(kind: ServerKind.Pooler));
        pool.Health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        await Assert.ThrowsAsync<HyperConnException>(() => PoolWorld.Within(RecoverAsync(pool, Answer("3D000"))));
        Assert.False(pool.Health.Circuit.IsOpen);
        Assert.DoesNotContain(1023, Lines.EventIds);
    }
}
