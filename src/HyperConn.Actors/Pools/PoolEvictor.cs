using HyperConn.Primitives;

namespace HyperConn.Pools;

/// <summary>Chooses which pools to evict: first those idle too long, then the least recently used, and never one in use.</summary>
/// <remarks>
/// Exact least-recently-used order without a message per use: a heap keyed by the last use seen; the oldest is read again before it is
/// believed. A pool found in use leaves the heap and comes back when its generation says that it went idle.
/// </remarks>
internal sealed class PoolEvictor(Action<PoolEntry, EvictionReason> evict, Action<PoolEntry> skipped)
{
    private readonly LruHeap<PoolEntry> _idle = new();

    /// <summary>The pool may be evicted when its time comes.</summary>
    public void Consider(PoolEntry entry)
    {
        entry.SkipReason = null;
        _idle.Set(entry, entry.LastUsed);
    }

    public void Forget(PoolEntry entry) => _idle.Remove(entry);

    /// <summary>Evicts what has been idle since before a time.</summary>
    public void EvictUnusedSince(long time)
    {
        while (_idle.TryPeek(out var entry, out var seen) && seen <= time)
        {
            var used = entry.LastUsed;
            if (used > seen)
                _idle.Set(entry, used);
            else
                TryEvict(entry, EvictionReason.IdleTimeToLive);
        }
    }

    /// <summary>Evicts least recently used pools until so many are gone or all that remain are in use.</summary>
    /// <returns>How many are gone.</returns>
    public int EvictOldest(int count, EvictionReason reason)
    {
        var gone = 0;
        while (gone < count && _idle.TryTakeOldest(static entry => entry.LastUsed, out var entry))
        {
            if (TryEvict(entry, reason))
                gone++;
        }

        return gone;
    }

    public bool TryEvict(PoolEntry entry, EvictionReason reason)
    {
        if (entry.Handle.Current is not { } pool)
            return false;
        _idle.Remove(entry);
        if (!pool.Desk.TryBeginEviction(notify: true))
        {
            skipped(entry);
            return false;
        }

        evict(entry, reason);
        return true;
    }
}
