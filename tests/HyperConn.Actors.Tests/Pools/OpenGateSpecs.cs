using System.Net;
using System.Net.Sockets;
using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>Physical opens at once, and the time after connections broke. The server takes connections and says nothing.</summary>
public sealed class OpenGateSpecs : IDisposable
{
    private const int Room = 2;

    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    private readonly FakeTimeProvider _time = new();
    private readonly PoolRuntime _runtime;
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly ServerState _state;
    private readonly PoolGeneration _pool;

    public OpenGateSpecs()
    {
        _server.Start();
        _runtime = new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }, _time);
        var port = ((IPEndPoint)_server.LocalEndpoint).Port;
        Assert.True(PostgresCredentials.TryParse(ScriptedSecrets.Uri(host: $"127.0.0.1:{port}"), out var credentials, out _));
        _state = new ServerState(new ServerEndpoint("127.0.0.1", port), _time) { OpenGate = new SemaphoreSlim(Room) };
        _pool = new PoolGeneration(
            _runtime.Leases, Acme, 1, new GenerationCredentials(credentials, "v1", _time.GetUtcNow(), DateTimeOffset.MaxValue), [_state], GenerationOwners.Nobody(_runtime));
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Opens_beyond_the_bound_wait_for_one_that_ends_and_leave_nothing_when_given_up()
    {
        using var giveUp = new CancellationTokenSource();
        var opener = new LeaseOpener(_runtime.Opening, new OpenRecovery(_runtime.Opening));
        var handle = new TenantDataSource(_runtime.Opening, Acme);
        var opens = new List<Task>();
        for (var caller = 0; caller < 3 * Room; caller++)
        {
            var waiting = _pool.AcquireAsync(CancellationToken.None).AsTask();
            Assert.NotEqual(PermitOffer.Declined, _pool.Offer(_pool.Shares[0]));
            var pass = new LeasePass(await PoolWorld.Within(waiting), CircuitPass.Closed, CircuitPass.Closed);
            opens.Add(opener.OpenAsync(new OpenAttempt(handle, null, DateTimeOffset.MaxValue), _pool, pass, giveUp.Token).AsTask());
        }

        // As many arrive as there is room for; the next, when one of them has gone.
        using var first = await AcceptAsync();
        using var second = await AcceptAsync();
        Assert.Equal(0, _state.OpenGate!.CurrentCount);
        Assert.False(_server.Pending());

        await giveUp.CancelAsync();
        foreach (var open in opens)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PoolWorld.Within(open));
        Assert.Equal((Room, 0, 0), (_state.OpenGate.CurrentCount, _pool.Word.Leases, _pool.Word.Permits));
        Assert.False(_pool.Word.Has(LeaseWord.Slow));
    }

    [Fact]
    public void For_two_seconds_after_a_connection_broke_leases_take_the_slow_path()
    {
        Assert.False(_pool.IsShaken);
        _pool.ReportBroken();
        _time.Advance(TimeSpan.FromMilliseconds(1_999));
        Assert.True(_pool.IsShaken);
        _pool.Proved();
        Assert.True(_pool.Word.Has(LeaseWord.Unproved));

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_pool.IsShaken);
        _pool.Proved();
        Assert.False(_pool.Word.Has(LeaseWord.Unproved));
    }

    private Task<TcpClient> AcceptAsync() => PoolWorld.Within(_server.AcceptTcpClientAsync());
}
