namespace HyperConn.Leases;

/// <summary>The server processes behind a generation's connections, as far as they are known. Not thread-safe.</summary>
internal sealed class SessionNotes
{
    private readonly Dictionary<int, TimeSpan> _processes = [];

    /// <summary>The processes, each with the moment when it last was ours.</summary>
    public IReadOnlyList<(int Process, TimeSpan OursAt)> All => [.. _processes.Select(pair => (pair.Key, pair.Value))];

    /// <param name="process">The pid of a connection that is open.</param>
    /// <param name="now">The moment.</param>
    /// <param name="max">Most connections there can be at once.</param>
    public void Add(int process, TimeSpan now, int max)
    {
        _processes[process] = now;

        // Older ones are closed: there are no more than the maximum at a time, and opens that fall short of a session are not noted.
        if (_processes.Count <= 4 * max)
            return;
        foreach (var old in _processes.OrderBy(pair => pair.Value).Take(_processes.Count - (2 * max)).ToList())
            _processes.Remove(old.Key);
    }
}
