using System.Net;
using System.Net.Sockets;
using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>New connections opened at once on permits that are free. The server takes connections and says nothing.</summary>
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
        _state = new ServerState(new ServerEndpoint("127.0.0.1", port), _time) { OpenSlots = new OpenSlots(Room) };
        _pool = new PoolGeneration(
            _runtime.Leases, Acme, 1, new GenerationCredentials(credentials, "v1", default, Moment.Never), [_state], GenerationOwners.Nobody(_runtime));
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Opens_beyond_the_bound_wait_for_one_that_ends_and_leave_nothing_when_given_up()
    {
        using var giveUp = new CancellationTokenSource();
        var handle = new TenantDataSource(_runtime.Opening, Acme);
        Assert.True(handle.Publish(null, _pool));
        for (var permit = 0; permit < 3 * Room; permit++)
            _pool.Desk.TakeAnyway(out _);
        for (var permit = 0; permit < 3 * Room; permit++)
            _pool.EndUnused(0);
        var opens = Enumerable.Range(0, 3 * Room).Select(_ => handle.OpenConnectionAsync(giveUp.Token).AsTask()).ToList();

        // As many arrive as there is room for; the next, when one of them has gone.
        using var first = await AcceptAsync();
        using var second = await AcceptAsync();
        Assert.Equal(Room, _state.OpenSlots.Taken);
        Assert.False(_server.Pending());

        await giveUp.CancelAsync();
        foreach (var open in opens)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PoolWorld.Within(open));
        Assert.Equal((0, 0, 0), (_state.OpenSlots.Taken, _pool.Word.Leases, _pool.Word.Permits));
        Assert.False(_pool.Word.Has(LeaseWord.HasWaiters));
    }

    [Fact]
    public async Task An_open_that_waited_for_room_is_not_begun_when_the_process_s_share_of_the_server_is_used_up_meanwhile()
    {
        using var giveUp = new CancellationTokenSource();
        var clock = new MonotonicClock(_time);
        _state.Share = new NodeShare(new DeafKeeper(), clock);
        _state.Share.Take(new ShareGiven(1, 10, clock.Now + TimeSpan.FromHours(1)));
        _state.Limit = 10;
        var handle = new TenantDataSource(_runtime.Opening, Acme);
        Assert.True(handle.Publish(null, _pool));
        for (var permit = 0; permit < Room + 1; permit++)
            _pool.Desk.TakeAnyway(out _);
        for (var permit = 0; permit < Room + 1; permit++)
            _pool.EndUnused(0);
        var opens = Enumerable.Range(0, Room + 1).Select(_ => handle.OpenConnectionAsync(giveUp.Token).AsTask()).ToList();
        using var first = await AcceptAsync();
        using var second = await AcceptAsync();
        Assert.Equal(Room + 1, _pool.Word.Leases);

        _state.Granted = _state.Limit + 1;
        _state.OpenSlots.Release();

        await PoolWorld.Within(LeasesFallAsync());
        Assert.Equal((Room, false), (_pool.Word.Permits, _server.Pending()));
        await giveUp.CancelAsync();
        foreach (var open in opens)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PoolWorld.Within(open));

        async Task LeasesFallAsync()
        {
            while (_pool.Word.Leases > Room)
                await Task.Delay(1);
        }
    }

    private Task<TcpClient> AcceptAsync() => PoolWorld.Within(_server.AcceptTcpClientAsync());

    private sealed class DeafKeeper : IShareKeeper
    {
        public NodeShare Begin(ServerState server) => server.Share!;

        public void Report(ServerNeed need)
        {
        }
    }
}
