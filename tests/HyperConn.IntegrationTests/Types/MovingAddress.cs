using System.Net;
using System.Net.Sockets;

namespace HyperConn.Tests.Types;

/// <summary>An address on this machine behind which a server can be replaced by another.</summary>
internal sealed class MovingAddress : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile IPEndPoint _target;

    public MovingAddress(string host, int port)
    {
        _target = EndPoint(host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>New connections go to another server from now on.</summary>
    public void MoveTo(string host, int port) => _target = EndPoint(host, port);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private static IPEndPoint EndPoint(string host, int port) => new(host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(host), port);

    private async Task AcceptAsync()
    {
        var relayed = new List<Task>();
        try
        {
            while (true)
                relayed.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(relayed);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(_target, _stop.Token);
                client.NoDelay = server.NoDelay = true;
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                var both = new[] { CopyAsync(client, server, either.Token), CopyAsync(server, client, either.Token) };
                await Task.WhenAny(both);
                await either.CancelAsync();
                await Task.WhenAll(both);
            }
            catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException)
            {
                // One side has gone, and the other goes with it.
            }
        }
    }

    private static Task CopyAsync(TcpClient from, TcpClient to, CancellationToken stop) => from.GetStream().CopyToAsync(to.GetStream(), stop);
}
