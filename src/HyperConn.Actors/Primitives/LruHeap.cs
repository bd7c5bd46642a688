using System.Diagnostics.CodeAnalysis;

namespace HyperConn.Primitives;

/// <summary>
/// Items by last use, oldest first, where a use sends no message: each item is filed under the last use that was seen. Whoever takes the
/// oldest reads its real last use and files it again if that has moved. Uses only move forward, so an item that has not moved is
/// the oldest of all. Amortised O(log n). Not thread-safe.
/// </summary>
internal sealed class LruHeap<T>
    where T : class
{
    private readonly List<(long Used, T Item)> _heap = [];
    private readonly Dictionary<T, int> _places = new(ReferenceEqualityComparer.Instance);

    public int Count => _heap.Count;

    public bool Contains(T item) => _places.ContainsKey(item);

    /// <summary>Files an item, or files it again under a later or earlier use.</summary>
    public void Set(T item, long used)
    {
        if (_places.TryGetValue(item, out var place))
        {
            var before = _heap[place].Used;
            _heap[place] = (used, item);
            if (used < before)
                Up(place);
            else
                Down(place);
            return;
        }
        _heap.Add((used, item));
        _places[item] = _heap.Count - 1;
        Up(_heap.Count - 1);
    }

    public bool Remove(T item)
    {
        if (!_places.Remove(item, out var place))
            return false;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (place < _heap.Count)
        {
            _heap[place] = last;
            _places[last.Item] = place;
            Down(place);
            Up(place);
        }
        return true;
    }

    /// <summary>The item filed under the oldest use seen; it stays.</summary>
    public bool TryPeek([MaybeNullWhen(false)] out T item, out long seen)
    {
        if (_heap.Count == 0)
        {
            (item, seen) = (null, 0);
            return false;
        }
        (seen, item) = _heap[0];
        return true;
    }

    /// <summary>Takes out the item that is really the oldest.</summary>
    /// <param name="lastUsed">Reads an item's last use; for one that can't be taken now, the present time.</param>
    /// <param name="item">The item.</param>
    /// <remarks>Files at most <see cref="Count"/> items again: exact unless items are used during the call.</remarks>
    public bool TryTakeOldest(Func<T, long> lastUsed, [MaybeNullWhen(false)] out T item)
    {
        for (var moves = _heap.Count; TryPeek(out item, out var seen); moves--)
        {
            var used = lastUsed(item);
            if (used <= seen || moves <= 0)
                return Remove(item);
            Set(item, used);
        }
        return false;
    }

    private void Up(int place)
    {
        while (place > 0 && _heap[place].Used < _heap[(place - 1) / 2].Used)
        {
            Swap(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
    }

    private void Down(int place)
    {
        while (true)
        {
            var least = place;
            for (var child = (place * 2) + 1; child <= (place * 2) + 2 && child < _heap.Count; child++)
            {
                if (_heap[child].Used < _heap[least].Used)
                    least = child;
            }
            if (least == place)
                return;
            Swap(place, least);
            place = least;
        }
    }

    private void Swap(int a, int b)
    {
        (_heap[a], _heap[b]) = (_heap[b], _heap[a]);
        _places[_heap[a].Item] = a;
        _places[_heap[b].Item] = b;
    }
}
