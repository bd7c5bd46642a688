using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace HyperConn.Chaos.World;

/// <summary>A network of our own between the manager and a server: it delays, holds back, drops and cuts.</summary>
/// <remarks>A black hole keeps what is sent until it ends, as TCP does by sending again. It knows whose client has closed, however little of that
/// reaches the server.</remarks>
internal sealed class Relay : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Link, byte> _links = new();
    private readonly int _target;
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _hole;
    private volatile bool _dropping;
    private int _delay;

    /// <param name="target">Port of the server, on the loopback interface.</param>
    public Relay(int target)
    {
        _target = target;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>How the manager calls the endpoint.</summary>
    public ServerEndpoint Endpoint => new("127.0.0.1", Port);

    /// <summary>How long each piece takes.</summary>
    public TimeSpan Delay { set => Volatile.Write(ref _delay, (int)value.TotalMilliseconds); }

    /// <summary>Whether new connections are dropped as soon as they come.</summary>
    public bool Dropping { set => _dropping = value; }

    /// <summary>Connections whose client has not closed, and that are to be sessions.</summary>
    public int Clients => _links.Keys.Count(link => link.IsSession);

    /// <summary>The relay's own ports at the server, of the same connections.</summary>
    public HashSet<int> LivePorts() => [.. _links.Keys.Where(link => link.IsSession).Select(link => link.ServerPort)];

    /// <summary>Nothing passes any more, in either direction, until <see cref="Heal"/>.</summary>
    public void OpenBlackHole() => _hole ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Heal()
    {
        if (Interlocked.Exchange(ref _hole, null) is { } hole)
            hole.SetResult();
    }

    /// <summary>Cuts connections with a reset to both sides.</summary>
    /// <param name="which">Which; null: all.</param>
    public void Cut(Func<bool>? which = null)
    {
        foreach (var link in _links.Keys.Where(_ => which?.Invoke() != false))
            link.Reset();
    }

    /// <summary>Connections there are become half-open: the server is told that the client has gone, and the client is told nothing.</summary>
    public void HalfOpen()
    {
        foreach (var link in _links.Keys)
            link.HalfOpen();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                if (_dropping)
                    client.Close(0);
                else
                    _ = RelayAsync(client);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            foreach (var link in _links.Keys)
                link.Reset();
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var link = new Link(client, _stop.Token);
        try
        {
            await PassAsync(Environment.TickCount64, link.Stopped);
            await link.Server.ConnectAsync(IPAddress.Loopback, _target, link.Stopped);
            link.Connected();
            _links.TryAdd(link, 0);
            await Task.WhenAll(
                new RelayPipe(client, link.Server, Gate, link.ClientEnded, link.Began).RunAsync(link.Stopped),
                new RelayPipe(link.Server, client, Gate, static () => { }).RunAsync(link.Stopped));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            link.Reset();
        }
        finally
        {
            _links.TryRemove(link, out _);
        }

        async Task Gate(long at, CancellationToken stop)
        {
            await PassAsync(at, stop);
            if (link.IsHalfOpen)
                await Task.Delay(Timeout.InfiniteTimeSpan, stop);
        }
    }

    private async Task PassAsync(long at, CancellationToken stop)
    {
        if (Volatile.Read(ref _delay) is > 0 and var delay && at + delay - Environment.TickCount64 is > 0 and var left)
            await Task.Delay((int)left, stop);
        while (_hole is { } hole)
            await hole.Task.WaitAsync(stop);
    }

    /// <summary>One connection: two sockets.</summary>
    private sealed class Link : IDisposable
    {
        // PostgreSQL manual, 55.7, CancelRequest: a connection of its own that never becomes a session.
        private const int CancelRequest = 80877102;

        private readonly Socket _client;
        private readonly CancellationTokenSource _stop;
        private volatile bool _clientGone;
        private volatile bool _isHalfOpen;
        private volatile bool _asksToCancel;

        public Link(Socket client, CancellationToken stop)
        {
            _client = client;
            _client.NoDelay = true;
            _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
            Stopped = _stop.Token;
        }

        public Socket Server { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        public CancellationToken Stopped { get; }

        public int ServerPort { get; private set; }

        public bool IsSession => !_clientGone && !_asksToCancel;

        public void Began(byte[] piece) =>
            _asksToCancel = piece.Length >= 8 && BinaryPrimitives.ReadInt32BigEndian(piece.AsSpan(4)) == CancelRequest;

        public void Connected() => ServerPort = ((IPEndPoint)Server.LocalEndPoint!).Port;

        public void ClientEnded()
        {
            _clientGone = true;
            if (_isHalfOpen)
                Stop();
        }

        public bool IsHalfOpen => _isHalfOpen;

        public void HalfOpen()
        {
            _isHalfOpen = true;
            Close(Server);
        }

        public void Reset()
        {
            // First, so that nothing that is under way says a last word.
            _clientGone = true;
            Stop();
            Close(_client);
            Close(Server);
        }

        public void Dispose()
        {
            _client.Dispose();
            Server.Dispose();
            _stop.Dispose();
        }

        private static void Close(Socket socket)
        {
            try
            {
                socket.Close(0);
            }
            catch (SocketException)
            {
                // It was closed already.
            }
        }

        private void Stop()
        {
            try
            {
                _stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has ended already.
            }
        }
    }
}
