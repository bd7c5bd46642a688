namespace HyperConn.Opening;

/// <summary>Waits for an asynchronous operation on the caller's thread.</summary>
/// <remarks>
/// A hundred callers that block hold a hundred threads of the pool, and what they wait for stands in the queue behind them: left alone the
/// pool adds a few threads a second, and callers run into their deadlines. So for each thread that blocks here the pool may have one more
/// at once, and only until the last of them goes on.
/// </remarks>
internal static class BlockingCaller
{
    private static readonly Lock Gate = new();
    private static int _blocked;
    private static int _raised;

    public static T Wait<T>(ValueTask<T> operation)
    {
        if (operation.IsCompleted)
            return operation.Result;
        if (!Thread.CurrentThread.IsThreadPoolThread)
            return operation.AsTask().GetAwaiter().GetResult();
        Enter();
        try
        {
            return operation.AsTask().GetAwaiter().GetResult();
        }
        finally
        {
            Leave();
        }
    }

    private static void Enter()
    {
        lock (Gate)
        {
            _blocked++;
            if (_blocked > _raised)
                Raise();
        }
    }

    private static void Leave()
    {
        lock (Gate)
        {
            if (--_blocked == 0 && _raised > 0)
                Restore();
        }
    }

    // Both relative to what is set now, which the application may change meanwhile.
    private static void Raise()
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        if (ThreadPool.SetMinThreads(workers + 1, ports))
            _raised++;
    }

    private static void Restore()
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(1, workers - _raised), ports);
        _raised = 0;
    }
}
