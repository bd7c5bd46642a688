using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace HyperConn.Benchmarks.Running;

/// <summary>What passed between a client and PostgreSQL.</summary>
internal enum WireEvent
{
    /// <summary>The client's connection has arrived.</summary>
    Connected,

    /// <summary>The client sends.</summary>
    Sent,

    /// <summary>The server asks for something, or is content, in the course of the login.</summary>
    Login,

    /// <summary>The server is ready for the next statement.</summary>
    Ready,
}

/// <summary>Stands before a server and notes when what passes. For one connection at a time.</summary>
internal sealed class WireTimes : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private readonly int _server;
    private readonly ConcurrentQueue<(long At, WireEvent What)> _events = [];

    public WireTimes(int server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What was noted since the last time, in <see cref="Stopwatch"/>'s ticks.</summary>
    public IReadOnlyList<(long At, WireEvent What)> Take()
    {
        (long, WireEvent)[] taken = [.. _events];
        _events.Clear();
        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private void Note(WireEvent what) => _events.Enqueue((Stopwatch.GetTimestamp(), what));

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
        Note(WireEvent.Connected);
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _server, _stop.Token);
                client.NoDelay = server.NoDelay = true;
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                var both = new[]
                {
                    CopyAsync(client, server, _ => Note(WireEvent.Sent), either.Token),
                    CopyAsync(server, client, new Messages(Note).Read, either.Token),
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

    private static async Task CopyAsync(TcpClient from, TcpClient to, Action<ReadOnlyMemory<byte>> see, CancellationToken stop)
    {
        var bytes = new byte[64 * 1024];
        while (await from.GetStream().ReadAsync(bytes, stop) is > 0 and var count)
        {
            see(bytes.AsMemory(0, count));
            await to.GetStream().WriteAsync(bytes.AsMemory(0, count), stop);
        }
    }

    /// <summary>Finds the messages in what the server sends: a letter, and a length that counts itself (PostgreSQL manual, 55.7).</summary>
    private sealed class Messages(Action<WireEvent> note)
    {
        private readonly byte[] _head = new byte[5];
        private int _headLength;
        private int _rest;

        public void Read(ReadOnlyMemory<byte> bytes)
        {
            foreach (var one in bytes.Span)
            {
                if (_rest > 0)
                {
                    _rest--;
                    continue;
                }

                _head[_headLength++] = one;
                if (_headLength < _head.Length)
                    continue;
                _headLength = 0;
                _rest = BinaryPrimitives.ReadInt32BigEndian(_head.AsSpan(1)) - sizeof(int);
                if (_head[0] == 'R')
                    note(WireEvent.Login);
                else if (_head[0] == 'Z')
                    note(WireEvent.Ready);
            }
        }
    }
}
