using System.Net;
using System.Net.Sockets;

namespace HyperConn.Tests;

/// <summary>An address on this machine behind which a server stands. It can be replaced by another, and what passes can be seen.</summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<Watcher>? _watch;
    private readonly Task _accepting;
    private volatile IPEndPoint _target;

    /// <summary>Starts it.</summary>
    /// <param name="host">The server: <c>localhost</c> or an IP address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="watch">Called for each connection that arrives; null: nobody looks.</param>
    public TcpRelay(string host, int port, Func<Watcher>? watch = null)
    {
        _target = EndPoint(host, port);
        _watch = watch;
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
        var watcher = _watch?.Invoke();
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(_target, _stop.Token);
                client.NoDelay = server.NoDelay = true;
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                var both = new[]
                {
                    CopyAsync(client, server, watcher?.FromClient, either.Token),
                    CopyAsync(server, client, watcher?.FromServer, either.Token),
                };
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

    private static async Task CopyAsync(TcpClient from, TcpClient to, Action<ReadOnlyMemory<byte>>? see, CancellationToken stop)
    {
        var bytes = new byte[64 * 1024];
        while (await from.GetStream().ReadAsync(bytes, stop) is > 0 and var count)
        {
            see?.Invoke(bytes.AsMemory(0, count));
            await to.GetStream().WriteAsync(bytes.AsMemory(0, count), stop);
        }
    }

    /// <summary>Sees what passes on one connection, before it goes on.</summary>
    /// <param name="FromClient">What the client sends.</param>
    /// <param name="FromServer">What the server sends.</param>
    public sealed record Watcher(Action<ReadOnlyMemory<byte>> FromClient, Action<ReadOnlyMemory<byte>> FromServer);
}
