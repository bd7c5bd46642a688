namespace HyperConn.Servers;

/// <summary>Permits that came back a moment ago, see <see cref="BudgetTuning.ReturnCooldown"/>. Not thread-safe.</summary>
/// <param name="tuning">How long they rest.</param>
/// <param name="pace">How much slower than at rest the server is.</param>
internal sealed class CoolingPermits(BudgetTuning tuning, OpenPace pace)
{
    private readonly Queue<(TimeSpan ReadyAt, int Count)> _batches = new();

    public int Count { get; private set; }

    /// <summary>When the next of them may be granted.</summary>
    public TimeSpan? ReadyAt => _batches.TryPeek(out var batch) ? batch.ReadyAt : null;

    public void Add(int count, TimeSpan now)
    {
        if (count <= 0 || tuning.Cooldown(pace) is not { Ticks: > 0 } cooldown)
            return;
        _batches.Enqueue((now + cooldown, count));
        Count += count;
    }

    /// <summary>Lets go of those that have rested, the oldest first: one that came back while the server was slow has those behind it wait.</summary>
    public void Release(TimeSpan now)
    {
        while (_batches.TryPeek(out var batch) && batch.ReadyAt <= now)
        {
            _batches.Dequeue();
            Count -= batch.Count;
        }
    }
}
