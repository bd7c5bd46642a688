using System.Collections.Concurrent;
using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Primitives;

namespace HyperConn.Cluster.Sharding;

/// <summary>What this node has sent and waits for. None is forgotten when the actor that sends it ends. Thread-safe.</summary>
internal sealed class SentEvents
{
    private readonly ConcurrentDictionary<long, SentEvent> _open = new();
    private volatile bool _hasEnded;

    public IEnumerable<SentEvent> Open => _open.Values;

    /// <summary>Adds one. After the end it fails at once.</summary>
    public SentEvent Add(SendEvent message)
    {
        var sent = new SentEvent(message);
        _open[message.Number] = sent;

        // Looked at after it was added, so that one of both sees the other.
        if (_hasEnded)
            Fail(sent);
        return sent;
    }

    public SentEvent? Find(long number) => _open.GetValueOrDefault(number);

    public SentEvent? Take(long number) => _open.TryRemove(number, out var sent) ? sent : null;

    /// <summary>Nothing is sent any more: all that is open fails, to be handed back.</summary>
    public void End()
    {
        _hasEnded = true;
        foreach (var sent in _open.Values)
            Fail(sent);
    }

    private static void Fail(SentEvent sent) => sent.End.TrySetException(new HyperConnException(CommonFailures.ShuttingDown(sent.Message.Tenant)));
}
