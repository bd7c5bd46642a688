using System.Transactions;
using HyperConn.Leases;
using HyperConn.Primitives;

namespace HyperConn.Opening;

/// <summary>One caller's way to a connection, from the first step past the hot path to the end.</summary>
internal sealed class OpenRequest(TenantKey tenant, IPoolHandle? handle, Transaction? transaction, bool isBlocking, MonotonicClock clock)
{
    private static readonly TimeSpan FirstFullDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxFullDelay = TimeSpan.FromSeconds(1);

    private TimeSpan _fullDelay = FirstFullDelay;

    public TenantKey Tenant { get; } = tenant;

    /// <summary>The tenant's handle; null until its first pool is there.</summary>
    public IPoolHandle? Handle { get; set; } = handle;

    /// <summary>The ambient transaction of the caller, in which the connection enlists.</summary>
    public Transaction? Transaction { get; } = transaction;

    /// <summary>Whether the caller's thread does everything and waits for everything: no other thread of the pool may be there to help.</summary>
    public bool IsBlocking { get; } = isBlocking;

    /// <summary>When the caller's time is up (<see cref="MonotonicClock"/>).</summary>
    public TimeSpan Deadline { get; init; }

    /// <summary>What is being done or waited for, to complete "while …".</summary>
    public string Stage { get; set; } = "it was about to be opened";

    public PoolGeneration? Pool { get; set; }

    /// <summary>The lease on that pool, while there is one whose connection is not bound to it.</summary>
    public Lease Lease { get; set; }

    /// <summary>Whether an idle connection of the pool must be asked before it is handed out.</summary>
    public bool NeedsProbe { get; set; }

    /// <summary>Version of the secret the connection is opened with.</summary>
    public string SecretVersion { get; set; } = "";

    public bool WaitsForPermit { get; set; }

    /// <summary>Whether it needed a pool to be made, a permit, a new connection or a second try; otherwise it was asked for at most.</summary>
    public bool IsCold { get; set; }

    /// <summary>Whether an idle connection was asked for it.</summary>
    public bool WasProbed { get; set; }

    /// <summary>Whether the try of the server's circuit, if this is one, has had its verdict.</summary>
    public bool ServerReported { get; set; }

    /// <summary>The same of the tenant's circuit.</summary>
    public bool LoginReported { get; set; }

    public Exception? LastError { get; set; }

    /// <summary>How long to wait for a slot this time: longer from one time to the next.</summary>
    public TimeSpan NextFullDelay()
    {
        var delay = _fullDelay * (0.5 + Random.Shared.NextDouble());
        _fullDelay = _fullDelay * 2 < MaxFullDelay ? _fullDelay * 2 : MaxFullDelay;
        return delay;
    }

    /// <summary>Waits for a task; the thread of a blocking caller waits itself.</summary>
    public ValueTask WaitAsync(Task task, CancellationToken cancellationToken)
    {
        if (!IsBlocking)
            return new ValueTask(task.WaitAsync(cancellationToken));
        Block(task, cancellationToken);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc cref="WaitAsync(Task, CancellationToken)"/>
    public ValueTask<T> WaitAsync<T>(Task<T> task, CancellationToken cancellationToken)
    {
        if (!IsBlocking)
            return new ValueTask<T>(task.WaitAsync(cancellationToken));
        Block(task, cancellationToken);
        return new ValueTask<T>(task.GetAwaiter().GetResult());
    }

    /// <summary>Waits until one of several tasks has ended, however it ended.</summary>
    public async ValueTask WaitAnyAsync(CancellationToken cancellationToken, params Task[] tasks)
    {
        if (IsBlocking)
            WaitAny(tasks, cancellationToken);
        else
            await Task.WhenAny(tasks).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lets time pass.</summary>
    public ValueTask PauseAsync(TimeSpan pause, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!IsBlocking)
            return new ValueTask(Task.Delay(pause, time, cancellationToken));
        cancellationToken.WaitHandle.WaitOne(pause);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.CompletedTask;
    }

    private void Block(Task task, CancellationToken cancellationToken)
    {
        if (!task.IsCompleted)
            WaitAny([task], cancellationToken);
        task.GetAwaiter().GetResult();
    }

    private void WaitAny(Task[] tasks, CancellationToken cancellationToken)
    {
        // The token may be late when every thread of the pool is blocked.
        var left = Deadline - clock.Now;
        if (Task.WaitAny(tasks, left > TimeSpan.Zero ? (int)left.TotalMilliseconds + 1 : 0, cancellationToken) < 0)
            throw new OperationCanceledException($"The time was up while {Stage}.");
    }
}
