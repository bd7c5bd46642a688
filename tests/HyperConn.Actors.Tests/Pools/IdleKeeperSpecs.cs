using System.Net;
using System.Net.Sockets;
using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>Connections that a pool is to keep are opened anew only where nobody is in need of what that takes.</summary>
public sealed class IdleKeeperSpecs : OpeningSpec, IDisposable
{
    // Bound for as long as a test lasts, so that nobody else listens there; connections to it are refused.
    private readonly Socket _closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ServerState _server;
    private readonly PoolGeneration _pool;

    public IdleKeeperSpecs()
    {
        _closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _server = Server();
        _pool = Pool("acme", ScriptedSecrets.Uri(host: _closed.LocalEndPoint!.ToString()!), _server);
        Publish(_pool);
        for (var permits = 0; permits < 2; permits++)
            _pool.Desk.TakeAnyway(out _);
        for (var permits = 0; permits < 2; permits++)
            _pool.EndUnused(0);
    }

    public void Dispose() => _closed.Dispose();

    private Task KeepAsync(CancellationToken cancellationToken = default) => Runtime.Opening.Keeper.KeepAsync(_pool, 2, cancellationToken);

    private async Task KeptAsync()
    {
        var keeping = KeepAsync();
        Assert.False(keeping.IsCompleted);
        Time.Advance(BudgetTuning.Default.ReturnCooldown);
        await PoolWorld.Within(keeping);
        Assert.Equal((0, 0), (_pool.Word.Leases, _server.OpenSlots.Taken));
    }

    [Fact]
    public async Task One_that_can_t_be_opened_ends_it_and_its_permit_goes_back()
    {
        await KeptAsync();
        Assert.Equal(1, _pool.Word.Permits);
        Assert.Equal((1, 1), (Told<PermitsReturned>(_server), Told<SlotFreed>(_server)));
        Assert.Single(Lines.EventIds, id => id == 1028);
        Assert.False(_pool.Health.Circuit.IsOpen);
    }

    public static TheoryData<string> Reasons => ["server", "login", "waiting", "wanted", "share", "slots", "none"];

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task None_is_opened_while_there_is_reason_not_to(string reason)
    {
        var failure = new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away.");
        switch (reason)
        {
            case "server":
                _pool.Health.ReportUnreachable(failure, CircuitPass.Closed);
                break;
            case "login":
                _pool.Login!.Failed(failure, CircuitPass.Closed);
                break;
            case "waiting":
                _server.TryAddWaiter(1);
                break;
            case "wanted":
                _server.Want(1);
                break;
            case "share":
                _server.Share = new NodeShare(null!, Runtime.Monotonic);
                break;
            case "slots":
                _server.OpenSlots = new OpenSlots(1);
                Assert.True(_server.OpenSlots.TryTake());
                break;
            default:
                _pool.DropIdle();
                break;
        }

        var keeping = KeepAsync();
        Time.Advance(BudgetTuning.Default.ReturnCooldown);
        await PoolWorld.Within(keeping);
        Assert.Equal(reason == "none" ? (0, 0) : (0, 2), (_pool.Word.Leases, _pool.Word.Permits));
        Assert.DoesNotContain(1028, Lines.EventIds);
    }

    [Fact]
    public async Task None_is_opened_for_a_pool_that_has_ended_or_a_manager_that_stops()
    {
        using var stopping = new CancellationTokenSource();
        var stopped = KeepAsync(stopping.Token);
        await stopping.CancelAsync();
        await PoolWorld.Within(stopped);
        Assert.Equal(2, _pool.Word.Permits);

        var ended = KeepAsync();
        _pool.BeginDrain();
        Time.Advance(BudgetTuning.Default.ReturnCooldown);
        await PoolWorld.Within(ended);
        Assert.Equal(0, _pool.Word.Leases);
    }

    [Fact]
    public async Task Without_a_memory_of_logins_it_goes_by_the_server_alone()
    {
        _pool.Login = null;
        await KeptAsync();
        Assert.Equal(1, _pool.Word.Permits);
    }
}
