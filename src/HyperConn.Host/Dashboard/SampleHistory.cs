namespace HyperConn.Host;

/// <summary>The latest samples of the manager and of each server. Not thread-safe: the feed owns it and hands out copies.</summary>
internal sealed class SampleHistory(int capacity)
{
    private readonly Queue<(Sample Sample, IReadOnlyList<ServerNow> Servers)> _samples = new(capacity);

    public void Add(Sample sample, IReadOnlyList<ServerNow> servers)
    {
        if (_samples.Count == capacity)
            _samples.Dequeue();
        _samples.Enqueue((sample, servers));
    }

    public SampleColumns Columns()
    {
        var samples = _samples.Select(s => s.Sample).ToArray();
        return new SampleColumns(
            Array.ConvertAll(samples, s => s.At.ToUnixTimeMilliseconds()),
            Array.ConvertAll(samples, s => s.Pools),
            Array.ConvertAll(samples, s => s.Leases),
            Array.ConvertAll(samples, s => s.Waiting),
            Array.ConvertAll(samples, s => s.OldestWait),
            Array.ConvertAll(samples, s => s.HotPerSecond),
            Array.ConvertAll(samples, s => s.ColdPerSecond),
            Array.ConvertAll(samples, s => s.FailedPerSecond),
            Array.ConvertAll(samples, s => s.InUse),
            Array.ConvertAll(samples, s => s.IdleHeld),
            Array.ConvertAll(samples, s => s.Limit));
    }

    public IReadOnlyList<ServerColumns> ByServer()
    {
        var columns = new SortedDictionary<string, (List<long> At, List<int?> Limit, List<int> InUse, List<int> Idle, List<int> Waiting)>(StringComparer.Ordinal);
        foreach (var (sample, servers) in _samples)
        {
            foreach (var server in servers)
            {
                if (!columns.TryGetValue(server.Server, out var column))
                    columns[server.Server] = column = ([], [], [], [], []);
                column.At.Add(sample.At.ToUnixTimeMilliseconds());
                column.Limit.Add(server.Limit);
                column.InUse.Add(server.InUse);
                column.Idle.Add(server.IdleHeld);
                column.Waiting.Add(server.Waiting);
            }
        }

        return [.. columns.Select(c => new ServerColumns(c.Key, c.Value.At, c.Value.Limit, c.Value.InUse, c.Value.Idle, c.Value.Waiting))];
    }
}
