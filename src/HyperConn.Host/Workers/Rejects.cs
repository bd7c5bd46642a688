namespace HyperConn.Host.Workers;

/// <summary>Keeps the lines of events that were not handled in a file, ready to be fed again.</summary>
internal sealed class Rejects : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly string? _path;
    private readonly bool _isNew;

    /// <param name="path">The file, opened at once, so that one that can't be written is known before the first event; null: none.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public Rejects(string? path)
    {
        _path = path;
        if (path is null)
            return;
        _isNew = !File.Exists(path);
        File.Open(path, FileMode.Append).Dispose();
    }

    /// <summary>Keeps the line of an event that failed.</summary>
    /// <param name="delivery">The event.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="otherwise">Where it is kept when no file was named; null: nowhere.</param>
    public async Task CompleteAsync(Delivery delivery, EventOutcome outcome, string? otherwise = null)
    {
        if (outcome.Result == EventResult.Done || (_path ?? otherwise) is not { } path)
            return;
        await _one.WaitAsync();
        try
        {
            await File.AppendAllTextAsync(path, delivery.Raw + "\n");
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        if (_isNew && new FileInfo(_path!) is { Exists: true, Length: 0 } empty)
            empty.Delete();
        _one.Dispose();
    }
}
