namespace HyperConn.Secrets;

/// <summary>
/// Secrets that wait for their batch: those somebody waits for first, then background refreshes. What has waited its window is
/// due; a batch fills up with what isn't due yet.
/// </summary>
internal sealed class SecretQueue
{
    private readonly LinkedList<SecretEntry> _urgent = new();
    private readonly LinkedList<SecretEntry> _background = new();
    private int _due;

    public int Count => _urgent.Count + _background.Count;

    public void Add(SecretEntry entry, bool urgent)
    {
        entry.State = FetchState.Queued;
        entry.Place = (urgent ? _urgent : _background).AddLast(entry);
    }

    /// <summary>Moves an entry to those somebody waits for.</summary>
    public void Promote(SecretEntry entry)
    {
        if (entry.Place is { } place && place.List == _background)
        {
            _background.Remove(place);
            _urgent.AddLast(place);
        }
    }

    /// <summary>The window is over for everything that waits now.</summary>
    public void MakeDue() => _due = Count;

    /// <summary>Whether a batch should go: something is due, or a batch is full.</summary>
    public bool HasBatch(int size) => _due > 0 || Count >= size;

    /// <summary>Takes the next batch.</summary>
    public List<SecretEntry> Take(int most)
    {
        var taken = new List<SecretEntry>(Math.Min(most, Count));
        while (taken.Count < most && Count > 0)
        {
            var list = _urgent.Count > 0 ? _urgent : _background;
            var entry = list.First!.Value;
            list.RemoveFirst();
            entry.Place = null;
            taken.Add(entry);
        }

        _due = Math.Max(0, _due - taken.Count);
        return taken;
    }
}
