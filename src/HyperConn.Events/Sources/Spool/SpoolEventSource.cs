using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace HyperConn.Events;

/// <summary>
/// Events from a spool folder: files <c>*.jsonl</c>, in the order of their names, taken as they appear until stopped. Put files there by
/// renaming, not by writing in place. A file whose events are all done with is renamed to <c>*.jsonl.done</c>; rejected events are kept in
/// <c>*.jsonl.rejected</c> unless another file is named for them. How far each file has come is kept in <c>.hyperconn-progress.json</c>,
/// durably at least once a second and at the stop, so that a restart begins where the last run was. One process reads a folder.
/// </summary>
internal sealed class SpoolEventSource : ITenantEventSource, IDisposable
{
    private const string Pattern = "*.jsonl";

    private readonly SpoolOptions _options;
    private readonly RejectsFile? _rejects;
    private readonly TimeProvider _time;
    private readonly SpoolLog _log;
    private readonly SpoolProgress _progress;
    private readonly FileStream _lock;
    private readonly Lock _saving = new();
    private readonly ConcurrentDictionary<SpoolFileKey, SpoolFile> _open = new();
    private readonly Dictionary<FileIdentity, SpoolPosition> _known;
    private volatile Exception? _fault;
    private volatile bool _isDirty;
    private long _oldest = long.MaxValue;
    private long _unreadBytes;

    /// <param name="options">The folder and how it is read.</param>
    /// <param name="rejects">Where rejected events are kept; null: beside each file.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    /// <exception cref="IOException">The folder can't be written, or another process reads it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public SpoolEventSource(SpoolOptions options, RejectsFile? rejects, TimeProvider time, ILogger logger)
    {
        (_options, _rejects, _time) = (options, rejects, time);
        _log = new SpoolLog(logger);
        _lock = SpoolLock.Take(options.Folder);
        _progress = new SpoolProgress(options.Folder);
        _known = _progress.Load(out var fault);
        if (fault is not null)
            _log.NoProgress(_progress.Path, fault);
        try
        {
            // What can't be kept is to be known before the first event.
            _progress.Save(_known.Values);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name => "spool";

    /// <inheritdoc/>
    public string IdScope => EventLine.IdScope;

    /// <inheritdoc/>
    public bool IsOrdered => true;

    /// <inheritdoc/>
    public bool Redelivers => true;

    /// <inheritdoc/>
    public TimeSpan? ExtendEvery => null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<TenantDelivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var saving = SaveNowAndThenAsync(end.Token);
        try
        {
            while (!stop.IsCancellationRequested && _fault is null)
            {
                foreach (var path in Scan())
                {
                    if (stop.IsCancellationRequested)
                        break;
                    if (TryOpen(path) is not { } opened)
                        continue;
                    await using var stream = opened.Stream;
                    await foreach (var delivery in ReadAsync(opened.File, stream, stop).ConfigureAwait(false))
                        yield return delivery;
                }

                await Task.Delay(_options.PollInterval, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await saving.ConfigureAwait(false);
        }

        ThrowIfFaulty();
    }

    /// <inheritdoc/>
    public ValueTask CompleteAsync(TenantDelivery delivery, EventOutcome outcome, CancellationToken cancellationToken)
    {
        ThrowIfFaulty();
        var line = (SpoolDelivery)delivery;
        if (outcome.Result == EventResult.Rejected)
            line.File.Reject(line, outcome, _rejects);
        var isFinished = line.File.Complete(line.Start);
        _isDirty = true;
        if (isFinished)
            Finish(line.File);
        return ValueTask.CompletedTask;
    }

    /// <summary>Nothing is noted: the next run hands it out, since it is not done.</summary>
    public ValueTask AbandonAsync(TenantDelivery delivery, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask ExtendAsync(IReadOnlyCollection<TenantDelivery> deliveries, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>How many events wait is reckoned from bytes and the length of lines so far.</summary>
    public EventSourceStatistics GetStatistics()
    {
        var (left, lines, read) = (Math.Max(0, Interlocked.Read(ref _unreadBytes)), 0L, 0L);
        foreach (var file in _open.Values)
        {
            var reading = file.Reading;
            (left, lines, read) = (left + reading.BytesLeft, lines + reading.Lines, read + reading.BytesRead);
        }

        var oldest = Interlocked.Read(ref _oldest);
        return new EventSourceStatistics
        {
            Waiting = left == 0 ? 0 : lines > 0 && read > 0 ? (long)Math.Ceiling((double)left * lines / read) : null,
            OldestAt = left > 0 && oldest != long.MaxValue ? DateTimeOffset.FromUnixTimeMilliseconds(oldest) : null,
        };
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        ThrowIfFaulty();
        Save();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _open.Values)
            file.Dispose();
        _rejects?.Dispose();
        _lock.Dispose();
    }

    private async IAsyncEnumerable<TenantDelivery> ReadAsync(SpoolFile file, FileStream stream, [EnumeratorCancellation] CancellationToken stop)
    {
        stream.Seek(file.StartOffset, SeekOrigin.Begin);
        var madeAt = MadeAt(file.Identity);
        if (madeAt is { } made)
            Interlocked.Exchange(ref _oldest, made.ToUnixTimeMilliseconds());
        var identity = file.Identity.ToString();
        var reader = new LineReader(stream, _options.MaxLineBytes, file.StartOffset, file.StartLines);
        var more = true;
        while (more && !stop.IsCancellationRequested)
        {
            while (!stop.IsCancellationRequested && reader.TryTake(out var line))
            {
                if (file.Begin(line, !line.IsTooLong && StreamEventSource.IsBlank(line.Bytes.Span)))
                    yield return SpoolDelivery.Of(file, line, new LinePlace(file.Name, identity, line.Number, madeAt), _options.MaxLineBytes);
            }

            more = await reader.FillAsync(CancellationToken.None).ConfigureAwait(false);
        }

        if (!more && !stop.IsCancellationRequested && file.EndOfFile())
            Finish(file);
    }

    private static DateTimeOffset? MadeAt(FileIdentity identity) =>
        identity.Inode == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(identity.Time / 1_000_000);

    private List<string> Scan()
    {
        try
        {
            var paths = Directory.EnumerateFileSystemEntries(_options.Folder, Pattern).Order(StringComparer.Ordinal).ToList();
            _log.Forget(paths);
            LookAt(paths);
            return paths;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Skipped(_options.Folder, e.Message);
            return [];
        }
    }

    /// <summary>Adds up what is not read yet, and drops positions of files that are gone: renamed in a run that ended before it could say
    /// so.</summary>
    private void LookAt(List<string> paths)
    {
        var found = paths.Select(path => (Path: path, Facts: FileFacts.Of(path))).Where(file => file.Facts is { IsRegular: true }).ToList();
        Interlocked.Exchange(
            ref _unreadBytes,
            found.Where(file => !_open.ContainsKey(SpoolFileKey.Of(file.Facts!.Value.Identity, file.Path))).Sum(file => file.Facts!.Value.Identity.Size));
        lock (_saving)
        {
            var there = found.Select(file => file.Facts!.Value.Identity).ToHashSet();
            foreach (var gone in _known.Keys.Where(identity => !there.Contains(identity)).ToList())
                _known.Remove(gone);
        }
    }

    private (SpoolFile File, FileStream Stream)? TryOpen(string path)
    {
        try
        {
            if (FileFacts.Of(path) is not { } facts || _open.ContainsKey(SpoolFileKey.Of(facts.Identity, path)))
                return null;
            var stream = SafeFile.OpenToRead(path, out var identity);
            lock (_saving)
            {
                _known.Remove(identity, out var known);
                var file = new SpoolFile(path, identity, known, _time);
                if (_open.TryAdd(SpoolFileKey.Of(identity, path), file))
                {
                    Interlocked.Add(ref _unreadBytes, -identity.Size);
                    return (file, stream);
                }
            }

            stream.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Skipped(path, e.Message);
        }

        return null;
    }

    private void Finish(SpoolFile file)
    {
        // First the rejected ones: after the renaming nobody reads the file again.
        file.Flush();
        _rejects?.Flush();
        SpoolDone.Rename(file, _log);
        file.Dispose();
        _open.TryRemove(SpoolFileKey.Of(file.Identity, file.Path), out _);
        _isDirty = true;
    }

    private async Task SaveNowAndThenAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(_options.SaveInterval, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                if (_isDirty)
                    Save();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _fault = e;
                return;
            }
        }
    }

    private void Save()
    {
        lock (_saving)
        {
            _isDirty = false;
            // Positions first: what is done in them is rejected before they are saved.
            var files = _open.Values.ToList();
            List<SpoolPosition> positions = [.. files.Select(file => file.Position())];
            files.ForEach(file => file.Flush());
            _rejects?.Flush();
            // Of files not met again in this run; they may have gone, or not have had their turn.
            positions.AddRange(_known.Values.Where(known => positions.TrueForAll(p => p.Identity != known.Identity)));
            _progress.Save(positions);
        }
    }

    private void ThrowIfFaulty()
    {
        if (_fault is { } fault)
            throw new IOException(
                $"The progress of {_options.Folder} can't be saved; going on would double events at the next start: {fault.Message}",
                fault);
    }
}
