using HyperConn.Cluster.Sharding.Messages;

namespace HyperConn.Cluster.Sharding;

/// <summary>The last answers to attempts, so that one that comes again is answered and not made again. Not thread-safe.</summary>
internal sealed class AnswerMemory
{
    /// <summary>How many are kept.</summary>
    public const int Most = 64;

    private readonly Dictionary<AttemptKey, IShardAnswer> _answers = [];
    private readonly Queue<AttemptKey> _order = new();

    public IShardAnswer? Find(AttemptKey attempt) => _answers.GetValueOrDefault(attempt);

    public void Keep(AttemptKey attempt, IShardAnswer answer)
    {
        if (_order.Count == Most)
            _answers.Remove(_order.Dequeue());
        _answers.Add(attempt, answer);
        _order.Enqueue(attempt);
    }
}
