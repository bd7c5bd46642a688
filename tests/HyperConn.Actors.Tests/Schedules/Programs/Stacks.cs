using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules.Programs;

/// <summary>A stack whose nodes are used again: a compare-and-swap finds the node it saw, and what is behind it has changed (ABA).</summary>
internal sealed class ReusedNodes : Scenario
{
    private Node? _top;

    public override Play Begin()
    {
        var last = new Node();
        _top = new Node { Next = last };
        Node? one = null;
        return new Play(
            () => one is null || !IsThere(one) ? null : "A node is in use and free at once.",
            () => one = Pop(),
            () =>
            {
                var first = Pop();
                var second = Pop();
                if (first is not null)
                    Push(first);
                Stage.Require(second is null || !IsThere(second), "A node is in use and free at once.");
                if (second is not null)
                    Push(second);
            });
    }

    private Node? Pop()
    {
        while (Volatile.Read(ref _top) is { } top)
        {
            var next = top.Next;
            if (Interlocked.CompareExchange(ref _top, next, top) == top)
                return top;
        }

        return null;
    }

    private void Push(Node node)
    {
        do
        {
            node.Next = Volatile.Read(ref _top);
        }
        while (Interlocked.CompareExchange(ref _top, node, node.Next) != node.Next);
    }

    private bool IsThere(Node node)
    {
        // The fault may have tied the nodes into a ring.
        var left = 3;
        for (var at = _top; at is not null && left > 0; at = at.Next, left--)
        {
            if (at == node)
                return true;
        }

        return false;
    }

    private sealed class Node
    {
        private volatile Node? _next;

        public Node? Next { get => _next; set => _next = value; }
    }
}

/// <summary>A thread that fails.</summary>
internal sealed class Throws : Scenario
{
    private int _steps;

    public override Play Begin()
    {
        _steps = 0;
        return new Play(() => null, () => Interlocked.Increment(ref _steps), () => throw new NotSupportedException($"after {Volatile.Read(ref _steps)}"));
    }
}

/// <summary>Something else each time.</summary>
internal sealed class NeverTheSame : Scenario
{
    private int _plays;
    private int _steps;

    public override Play Begin()
    {
        _plays++;
        return new Play(() => null, Go, Go);
    }

    private void Go()
    {
        for (var left = _plays % 3; left > 0; left--)
            Interlocked.Increment(ref _steps);
    }
}
