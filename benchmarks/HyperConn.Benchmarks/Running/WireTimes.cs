using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using HyperConn.Tests;

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
    private readonly ConcurrentQueue<(long At, WireEvent What)> _events = [];
    private readonly TcpRelay _relay;

    public WireTimes(int server) => _relay = new TcpRelay("localhost", server, Watch);

    public int Port => _relay.Port;

    /// <summary>What was noted since the last time, in <see cref="Stopwatch"/>'s ticks.</summary>
    public IReadOnlyList<(long At, WireEvent What)> Take()
    {
        (long, WireEvent)[] taken = [.. _events];
        _events.Clear();
        return taken;
    }

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private TcpRelay.Watcher Watch()
    {
        Note(WireEvent.Connected);
        return new TcpRelay.Watcher(_ => Note(WireEvent.Sent), new Messages(Note).Read);
    }

    private void Note(WireEvent what) => _events.Enqueue((Stopwatch.GetTimestamp(), what));

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
