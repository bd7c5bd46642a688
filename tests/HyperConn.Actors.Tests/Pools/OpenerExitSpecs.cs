using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>Ways out of the slow path of opening, without actors and without a server.</summary>
public class OpenerExitSpecs
{
    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly PoolRuntime _runtime = new(new HyperConnOptions { ProjectName = "martech" });

    private (TenantDataSource Handle, PoolGeneration Pool, ServerState Server) Make(int port = 5432, string more = "")
    {
        Assert.True(PostgresCredentials.TryParse($"postgresql://app:pw@127.0.0.1:{port}/d{more}", out var credentials, out _));
        var server = new ServerState(new ServerEndpoint("127.0.0.1", port));
        var pool = new PoolGeneration(
            _runtime.Leases, Acme, 1, new GenerationCredentials(credentials, "v1", default, Moment.Never), [server], GenerationOwners.Nobody(_runtime));
        var handle = _runtime.Handles.GetOrAdd(Acme, key => new TenantDataSource(_runtime.Opening, key), _ => true);
        Assert.True(handle.Publish(null, pool));
        return (handle, pool, server);
    }

    [Fact]
    public async Task A_probe_that_follows_a_failed_hot_open_and_is_cancelled_leaves_the_try_to_the_next()
    {
        // Bound for as long as the test lasts, so that nobody else listens there; connections to it are refused.
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var (handle, pool, server) = Make(((IPEndPoint)closed.LocalEndPoint!).Port);

        // A permit with nothing behind it, as Npgsql leaves it when it prunes: the hot path opens physically, and is refused.
        pool.Desk.TakeAnyway(out _);
        pool.EndUnused(0);
        using var giveUp = new CancellationTokenSource();
        var caller = handle.OpenConnectionAsync(giveUp.Token).AsTask();

        // It comes back and waits for a permit, to try with.
        for (var since = Stopwatch.GetTimestamp(); pool.Waiters == 0 && !caller.IsCompleted; await Task.Delay(5))
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, "It neither waits nor ends.");
        Assert.True(server.Health.Circuit.IsOpen);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller.WaitAsync(Patience));

        Assert.True(SpinWait.SpinUntil(() => server.Health.Circuit.MayProbe, Patience), "Nobody may ever try this server again.");
    }

    [Fact]
    public void A_circuit_that_answers_at_once_refuses_nobody_when_the_next_try_is_due()
    {
        var time = new FakeTimeProvider();
        var circuit = new Circuit(time, [TimeSpan.FromSeconds(2)]);
        circuit.Failed(new HyperConnFailure(HyperConnErrorCode.DatabaseUnavailable, "No."), CircuitPass.Closed, answerAtOnce: true);
        Assert.NotNull(circuit.Refusal(MonotonicClock.NowOf(time) + TimeSpan.FromHours(1)));
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(circuit.Refusal(MonotonicClock.NowOf(time) + TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task A_hot_open_ends_with_the_acquire_timeout_whatever_the_credentials_say()
    {
        // Accepts and says nothing; and the tenant's own connect_timeout is "no limit".
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        _runtime.Options.Pools.AcquireTimeout = TimeSpan.FromSeconds(2);
        var (handle, pool, _) = Make(((IPEndPoint)silent.LocalEndpoint).Port, "?connect_timeout=0&sslmode=disable");
        pool.Desk.TakeAnyway(out _);
        pool.EndUnused(0);
        await Assert.ThrowsAsync<HyperConnException>(() => handle.OpenConnectionAsync().AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task A_cancelled_wait_names_the_callers_token()
    {
        var (handle, pool, _) = Make();
        pool.Desk.TakeAnyway(out _);
        using var giveUp = new CancellationTokenSource();
        var caller = handle.OpenConnectionAsync(giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller.WaitAsync(Patience));
        Assert.Equal(giveUp.Token, cancelled.CancellationToken);
    }

    [Fact]
    public void Commands_without_a_time_limit_have_none()
    {
        _runtime.Options.Connections.CommandTimeout = TimeSpan.Zero;
        var (_, pool, _) = Make();
        using var connection = pool.DataSource.CreateConnection();
        Assert.Equal(0, connection.CommandTimeout);
    }

    [Fact]
    public void Commands_may_have_an_hour()
    {
        _runtime.Options.Connections.CommandTimeout = TimeSpan.FromHours(1);
        var (_, pool, _) = Make();
        using var connection = pool.DataSource.CreateConnection();
        Assert.Equal(3600, connection.CommandTimeout);
    }
}
