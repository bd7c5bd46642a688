using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;

namespace HyperConn.Tests;

/// <summary>Waits as callers of the library do them, a step at a time.</summary>
internal static class Waits
{
    /// <summary>Goes through a circuit, or waits for its next turn as long as the deadline allows.</summary>
    public static async ValueTask<CircuitPass> EnterAsync(
        this Circuit circuit, TimeProvider time, DateTimeOffset deadline, CancellationToken cancellationToken, Action? onWait = null)
    {
        var until = MonotonicClock.NowOf(time) + (deadline - time.GetUtcNow());
        while (true)
        {
            if (circuit.TryProbe() is { } probe)
                return probe;
            var turn = circuit.NextTurn;
            var cause = circuit.Cause;
            if (circuit.Refusal(until) is { } refusal)
                throw new HyperConnException(refusal);
            if (cause is null)
                return CircuitPass.Closed;
            var left = until - MonotonicClock.NowOf(time);
            if (left <= TimeSpan.Zero)
                throw new HyperConnException(cause);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var waiting = Task.WhenAny(turn, Task.Delay(left, time, ended.Token));
            onWait?.Invoke();
            await waiting.ConfigureAwait(false);
            await ended.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Takes a lease, or waits in the queue for one.</summary>
    public static async ValueTask<Lease> AcquireAsync(this PoolGeneration pool, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = pool.Desk.Join();
        await using var leaving = cancellationToken.Register(() =>
        {
            if (pool.Leave(waiter))
                waiter.TrySetCanceled(cancellationToken);
        });
        return await waiter.Task;
    }

    /// <summary>Waits for a live pool.</summary>
    public static async Task<PoolGeneration> EnsurePoolAsync(this PoolRuntime runtime, TenantKey tenant, bool forLease, CancellationToken cancellationToken)
    {
        var promise = runtime.RequestPool(tenant, forLease);
        await using var leaving = cancellationToken.Register(() => promise.Leave(cancellationToken));
        var answer = await promise.Task;
        return answer.Pool ?? throw new HyperConnException(answer.Failure!);
    }
}
