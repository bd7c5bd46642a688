namespace HyperConn.Secrets;

/// <summary>
/// Secrets that wait for a call: first those that somebody waits for, then background refreshes. Once their window is over they are due,
/// and a batch goes out; it is filled up with secrets that are not due yet.
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

    /// <summary>Takes the next batch, at most so many.</summary>
    public List<SecretEntry> Take(int maxEntries)
    {
        var taken = new List<SecretEntry>(Math.Min(maxEntries, Count));
        while (taken.Count < maxEntries && Count > 0)
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
