using HyperConn.Primitives;

namespace HyperConn.TypeCatalogues;

/// <summary>What tells a catalogue: a server, its version, and what it says of a database's types.</summary>
internal readonly record struct CatalogueKey(string Host, int Port, string Version, Digest Proof);

/// <summary>
/// The catalogues at hand. Data sources keep those in use alive; the shelf itself keeps the few that were used lately, so that the next pool of a
/// database finds its own.
/// </summary>
internal sealed class CatalogueShelf(MonotonicClock clock)
{
    /// <summary>Most catalogues kept for a next use, some 200 KB each.</summary>
    internal const int MaxKept = 64;

    /// <summary>How long one is kept after its last use.</summary>
    internal static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan TidyEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<CatalogueKey, Slot> _slots = [];
    private readonly Dictionary<Digest, WeakReference<SharedCatalogue>> _byContent = [];
    private TimeSpan _tidiedAt;

    /// <summary>The catalogue of a database whose server says this of it; null: none is at hand.</summary>
    public SharedCatalogue? Find(CatalogueKey key)
    {
        lock (_gate)
        {
            if (!_slots.TryGetValue(key, out var slot) || !slot.Any.TryGetTarget(out var catalogue))
                return null;
            (slot.Kept, slot.UsedAt) = (catalogue, clock.Now);
            return catalogue;
        }
    }

    /// <summary>Puts a catalogue on the shelf.</summary>
    /// <returns>The one to use: that of another database, where it says the same.</returns>
    public SharedCatalogue Put(CatalogueKey key, Digest content, SharedCatalogue made)
    {
        lock (_gate)
        {
            if (_byContent.TryGetValue(content, out var same) && same.TryGetTarget(out var other))
                made = other;
            else
                _byContent[content] = new WeakReference<SharedCatalogue>(made);
            _slots[key] = new Slot(made, clock.Now);
            Tidy();
            return made;
        }
    }

    /// <summary>Lets go of what nobody has used for long. Called often; does something now and then.</summary>
    public void TidyNowAndThen()
    {
        lock (_gate)
        {
            if (clock.Now - _tidiedAt >= TidyEvery)
                Tidy();
        }
    }

    /// <summary>How many catalogues there are, and how many types they have together.</summary>
    public (int Catalogues, int Types) Count()
    {
        lock (_gate)
        {
            Tidy();
            var (catalogues, types) = (0, 0);
            foreach (var (_, any) in _byContent)
            {
                if (!any.TryGetTarget(out var catalogue))
                    continue;
                catalogues++;
                types += catalogue.TypeCount;
            }

            return (catalogues, types);
        }
    }

    private void Tidy()
    {
        var now = clock.Now;
        _tidiedAt = now;
        foreach (var (key, slot) in _slots)
        {
            if (now - slot.UsedAt > KeptFor)
                slot.Kept = null;
            if (slot.Kept is null && !slot.Any.TryGetTarget(out _))
                _slots.Remove(key);
        }

        foreach (var slot in _slots.Values.Where(slot => slot.Kept is not null).OrderByDescending(slot => slot.UsedAt).Skip(MaxKept))
            slot.Kept = null;
        foreach (var (content, any) in _byContent)
        {
            if (!any.TryGetTarget(out _))
                _byContent.Remove(content);
        }
    }

    private sealed class Slot(SharedCatalogue catalogue, TimeSpan usedAt)
    {
        public WeakReference<SharedCatalogue> Any { get; } = new(catalogue);

        public SharedCatalogue? Kept { get; set; } = catalogue;

        public TimeSpan UsedAt { get; set; } = usedAt;
    }
}
