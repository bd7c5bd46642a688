namespace HyperConn.Servers;

/// <summary>Permits that came back a moment ago, see <see cref="BudgetTuning.ReturnCooldown"/>. Not thread-safe.</summary>
internal sealed class CoolingPermits(TimeSpan cooldown)
{
    private readonly Queue<(TimeSpan ReadyAt, int Count)> _batches = new();

    public int Count { get; private set; }

    /// <summary>When the next of them may be granted.</summary>
    public TimeSpan? ReadyAt => _batches.TryPeek(out var batch) ? batch.ReadyAt : null;

    public void Add(int count, TimeSpan now)
    {
        if (count <= 0 || cooldown <= TimeSpan.Zero)
            return;
        _batches.Enqueue((now + cooldown, count));
        Count += count;
    }

    public void Release(TimeSpan now)
    {
        while (_batches.TryPeek(out var batch) && batch.ReadyAt <= now)
        {
            _batches.Dequeue();
            Count -= batch.Count;
        }
    }
}
