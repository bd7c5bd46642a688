using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Internal;

namespace HyperConn.EntityFrameworkCore.Contexts;

/// <summary>
/// Contexts to be used again. EF's own pool drops one that it has no room for without closing what its user left open, and the lease with it.
/// </summary>
internal sealed class TenantDbContextPool<TContext>(Func<TContext> make, int size) : IDbContextPool<TContext>
    where TContext : DbContext
{
    private readonly ConcurrentQueue<IDbContextPoolable> _kept = new();
    private int _count;

    public IDbContextPoolable Rent()
    {
        if (_kept.TryDequeue(out var kept))
        {
            Interlocked.Decrement(ref _count);
            return kept;
        }

        IDbContextPoolable made = make();
        made.SnapshotConfiguration();
        return made;
    }

    public void Return(IDbContextPoolable context)
    {
        context.ResetState();
        Keep(context);
    }

    public async ValueTask ReturnAsync(IDbContextPoolable context, CancellationToken cancellationToken = default)
    {
        await context.ResetStateAsync(cancellationToken).ConfigureAwait(false);
        Keep(context);
    }

    private void Keep(IDbContextPoolable context)
    {
        if (Interlocked.Increment(ref _count) <= size)
        {
            _kept.Enqueue(context);
            return;
        }

        Interlocked.Decrement(ref _count);
        context.ClearLease();
        context.Dispose();
    }
}
