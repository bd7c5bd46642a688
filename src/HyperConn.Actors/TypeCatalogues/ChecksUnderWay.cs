namespace HyperConn.TypeCatalogues;

/// <summary>
/// The last question about each database: one answer serves all who open a connection to it meanwhile. It must have been asked after the open
/// began, so that it tells what an own question would.
/// </summary>
internal sealed class ChecksUnderWay
{
    // Some 200 bytes each. Past it everything is forgotten, which costs each database one question.
    private const int MaxDatabases = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(DatabaseAddress Database, string Version), Check> _last = [];

    /// <summary>Somebody else's question, answered or not.</summary>
    /// <param name="database">The database.</param>
    /// <param name="version">What its server gives as its version.</param>
    /// <param name="since">It was asked then, or later.</param>
    /// <param name="briefly">Whether a brief one will do.</param>
    /// <returns>Its answer, null where that failed; null: there is none.</returns>
    public Task<CatalogueProof?>? Find(DatabaseAddress database, string version, TimeSpan since, bool briefly)
    {
        lock (_gate)
            return _last.TryGetValue((database, version), out var last) && last.BegunAt >= since && (briefly || !last.IsBrief) ? last.Answer : null;
    }

    /// <summary>A question is asked now.</summary>
    public void Begin(DatabaseAddress database, string version, TimeSpan now, bool briefly, Task<CatalogueProof?> answer)
    {
        lock (_gate)
        {
            if (_last.Count >= MaxDatabases && !_last.ContainsKey((database, version)))
                _last.Clear();
            _last[(database, version)] = new Check(now, briefly, answer);
        }
    }

    private readonly record struct Check(TimeSpan BegunAt, bool IsBrief, Task<CatalogueProof?> Answer);
}
