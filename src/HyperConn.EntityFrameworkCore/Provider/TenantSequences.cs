using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql.EntityFrameworkCore.PostgreSQL.ValueGeneration.Internal;

namespace HyperConn.EntityFrameworkCore.Provider;

/// <summary>
/// What is left of the blocks of numbers of one manager's tenants. A block that goes leaves a gap and nothing else: whoever has it at hand gives its
/// numbers out, and the next one comes from the tenant's sequence, which gives no number twice. Thread-safe.
/// </summary>
/// <remarks>
/// Two generations, so that a look-up needs no lock and no order: what is asked for stays in, or comes into, the young one. When that is full, the old
/// one goes and the young one is the old one. So nothing goes that was among the last half of <see cref="Most"/> different ones asked for.
/// </remarks>
internal sealed class TenantSequences
{
    /// <summary>Blocks that are kept at most, some 300 bytes each.</summary>
    public const int Most = 20_000;

    private readonly Lock _gate = new();
    private volatile ConcurrentDictionary<Key, NpgsqlSequenceValueGeneratorState> _young = new();
    private ConcurrentDictionary<Key, NpgsqlSequenceValueGeneratorState> _old = new();

    // ConcurrentDictionary.Count takes all its locks.
    private int _youngOnes;

    /// <summary>Blocks that are kept now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _young.Count + _old.Count;
        }
    }

    /// <summary>What is left of the tenant's block of a sequence.</summary>
    public NpgsqlSequenceValueGeneratorState Of(TenantKey tenant, ISequence sequence)
    {
        var key = new Key(tenant, sequence.Schema, sequence.Name, sequence.IncrementBy);
        return _young.TryGetValue(key, out var state) ? state : Add(key, sequence);
    }

    private NpgsqlSequenceValueGeneratorState Add(Key key, ISequence sequence)
    {
        lock (_gate)
        {
            if (_young.TryGetValue(key, out var state))
                return state;
            if (!_old.TryRemove(key, out state))
                state = new NpgsqlSequenceValueGeneratorState(sequence);
            if (_youngOnes == Most / 2)
                (_old, _young, _youngOnes) = (_young, new(), 0);
            _young[key] = state;
            _youngOnes++;
            return state;
        }
    }

    // The provider's own key has no increment; two models that disagree about it must not share a block.
    private readonly record struct Key(TenantKey Tenant, string? Schema, string Name, int IncrementBy);
}
