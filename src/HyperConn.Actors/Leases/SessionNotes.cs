namespace HyperConn.Leases;

/// <summary>The server processes behind a generation's connections, as far as they are known. Not thread-safe.</summary>
internal sealed class SessionNotes
{
    private readonly Queue<int> _processes = new();

    public int[] All => [.. _processes];

    /// <param name="process">The pid of a connection just opened.</param>
    /// <param name="max">Most connections there can be at once.</param>
    public void Add(int process, int max)
    {
        if (_processes.Contains(process))
            return;
        _processes.Enqueue(process);

        // Older ones are closed: there are no more than the maximum at a time, and opens that fall short of a session are not noted.
        while (_processes.Count > 4 * max)
            _processes.Dequeue();
    }
}
