using System.Diagnostics.CodeAnalysis;

namespace HyperConn.Events.Sources;

/// <summary>
/// What a source has received and the engine has not taken yet. Of each group one delivery is out at a time: when that one is handed back,
/// those behind it can be too, so that none of them overtakes it. Thread-safe.
/// </summary>
/// <param name="groupOf">The group whose order is kept; null: a delivery that waits for no other.</param>
/// <param name="bytesOf">What a delivery takes in memory.</param>
internal sealed class DeliveryHand<T>(Func<T, object?> groupOf, Func<T, int> bytesOf)
    where T : class
{
    private readonly Lock _gate = new();
    private readonly Queue<T> _ready = new();

    // A group is here while one of it is ready or out; its queue has those that wait for that one.
    private readonly Dictionary<object, Queue<T>> _groups = [];
    private TaskCompletionSource _changed = NewSignal();
    private int _count;
    private long _bytes;

    /// <summary>Deliveries that wait here.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What they take in memory.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Ends when something is ready, or <see cref="Wake"/> was called after this.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
                return _ready.Count > 0 ? Task.CompletedTask : _changed.Task;
        }
    }

    /// <summary>Adds deliveries in their order.</summary>
    public void Add(IEnumerable<T> deliveries)
    {
        TaskCompletionSource signal;
        lock (_gate)
        {
            foreach (var delivery in deliveries)
            {
                _count++;
                _bytes += bytesOf(delivery);
                if (groupOf(delivery) is not { } group)
                    _ready.Enqueue(delivery);
                else if (_groups.TryGetValue(group, out var behind))
                    behind.Enqueue(delivery);
                else
                {
                    _groups.Add(group, new Queue<T>());
                    _ready.Enqueue(delivery);
                }
            }

            signal = Signal();
        }

        signal.TrySetResult();
    }

    /// <summary>Takes the next one out. Tell <see cref="Done"/> or <see cref="GiveUp"/> what became of it.</summary>
    public bool TryTake([NotNullWhen(true)] out T? delivery)
    {
        lock (_gate)
        {
            if (!_ready.TryDequeue(out delivery))
                return false;
            Left(delivery);
            return true;
        }
    }

    /// <summary>The one that was out is done with; the next of its group may go.</summary>
    public void Done(T delivery)
    {
        TaskCompletionSource signal;
        lock (_gate)
        {
            if (groupOf(delivery) is not { } group || !_groups.TryGetValue(group, out var behind))
                return;
            if (!behind.TryDequeue(out var next))
            {
                _groups.Remove(group);
                return;
            }

            _ready.Enqueue(next);
            signal = Signal();
        }

        signal.TrySetResult();
    }

    /// <summary>The one that was out goes back to where it came from. Takes those behind it, which must go back too.</summary>
    public IReadOnlyList<T> GiveUp(T delivery)
    {
        lock (_gate)
        {
            if (groupOf(delivery) is not { } group || !_groups.Remove(group, out var behind))
                return [];
            foreach (var other in behind)
                Left(other);
            return [.. behind];
        }
    }

    /// <summary>Takes all that are not out.</summary>
    public IReadOnlyList<T> TakeAll()
    {
        lock (_gate)
        {
            var all = new List<T>(_count);
            foreach (var delivery in _ready)
            {
                all.Add(delivery);
                if (groupOf(delivery) is { } group && _groups.Remove(group, out var behind))
                    all.AddRange(behind);
            }

            _ready.Clear();
            foreach (var behind in _groups.Values)
            {
                all.AddRange(behind);
                behind.Clear();
            }

            (_count, _bytes) = (0, 0);
            return all;
        }
    }

    /// <summary>Wakes who waits for a change: elsewhere something may be ready.</summary>
    public void Wake()
    {
        TaskCompletionSource signal;
        lock (_gate)
            signal = Signal();
        signal.TrySetResult();
    }

    /// <summary>Those that wait here now.</summary>
    public IReadOnlyList<T> Snapshot()
    {
        lock (_gate)
            return [.. _ready, .. _groups.Values.SelectMany(behind => behind)];
    }

    private void Left(T delivery)
    {
        _count--;
        _bytes -= bytesOf(delivery);
    }

    private TaskCompletionSource Signal()
    {
        var signal = _changed;
        _changed = NewSignal();
        return signal;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
