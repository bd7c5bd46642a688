namespace HyperConn.Cluster.Protocol;

/// <summary>
/// Nodes that never spoke to this coordinator and may be stopped in the middle of log-ins that an earlier one let them begin. Not thread-safe.
/// </summary>
internal sealed class LostNodes
{
    // PostgreSQL manual, 20.3.1: authentication_timeout, 1 minute by default. A log-in that a stopped process had begun ends with it.
    public static readonly TimeSpan LogInEnds = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, TimeSpan> _until = new(StringComparer.Ordinal);

    // Who passes on what an earlier coordinator said may say it for longer than it holds.
    private readonly HashSet<string> _notedInTerm = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Tags => _until.Keys;

    /// <summary>Notes nodes that were not known to be lost before in this term.</summary>
    public void Add(IEnumerable<string> tags, TimeSpan now)
    {
        foreach (var tag in tags.Where(_notedInTerm.Add))
            _until[tag] = now + LogInEnds;
    }

    /// <summary>Another coordinated since, and may have let a node begin log-ins that was lost before.</summary>
    public void BeginTerm() => _notedInTerm.Clear();

    /// <summary>A node has spoken, or has left in good order.</summary>
    public void Found(string tag)
    {
        _until.Remove(tag);
        _notedInTerm.Remove(tag);
    }

    /// <summary>The log-ins of some have ended by now.</summary>
    public void Forget(TimeSpan now)
    {
        foreach (var (tag, _) in _until.Where(lost => now >= lost.Value).ToList())
            _until.Remove(tag);
    }
}
