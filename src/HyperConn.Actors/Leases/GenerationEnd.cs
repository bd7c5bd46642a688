namespace HyperConn.Leases;

/// <summary>How far the end of a generation has come, for those who wait for it. Of thousands of idle pools hardly one is waited for.</summary>
internal sealed class GenerationEnd
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _begun;
    private TaskCompletionSource? _closed;
    private bool _hasBegun;
    private bool _isClosed;
    private int _closing;

    /// <summary>Ends when no more leases are given.</summary>
    public Task Begun => WhenOver(ref _begun, ref _hasBegun);

    /// <summary>Ends when every connection is closed.</summary>
    public Task Closed => WhenOver(ref _closed, ref _isClosed);

    public bool IsClosing => Volatile.Read(ref _closing) != 0;

    public void Begin() => SetOver(ref _begun, ref _hasBegun);

    /// <summary>Whether the caller is the one that closes.</summary>
    public bool TryClose() => Interlocked.Exchange(ref _closing, 1) == 0;

    public void Complete() => SetOver(ref _closed, ref _isClosed);

    private Task WhenOver(ref TaskCompletionSource? source, ref bool isOver)
    {
        lock (_gate)
        {
            source ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (isOver)
                source.TrySetResult();
            return source.Task;
        }
    }

    private void SetOver(ref TaskCompletionSource? source, ref bool isOver)
    {
        lock (_gate)
        {
            isOver = true;
            source?.TrySetResult();
        }
    }
}
