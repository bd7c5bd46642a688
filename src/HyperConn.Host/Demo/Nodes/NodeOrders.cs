using System.Threading.Channels;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>What a node is told while it runs, a line at a time.</summary>
internal sealed class NodeOrders
{
    public const string Begin = "begin";

    private readonly TaskCompletionSource _begin = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<string> _others = Channel.CreateUnbounded<string>();

    /// <summary>Ends when it is to begin to work.</summary>
    public Task HasBegun => _begin.Task;

    /// <summary>Everything else (<see cref="NodeCuts"/>).</summary>
    public ChannelReader<string> Others => _others.Reader;

    public void Add(string line)
    {
        if (line == Begin)
            _begin.TrySetResult();
        else
            _others.Writer.TryWrite(line);
    }
}
