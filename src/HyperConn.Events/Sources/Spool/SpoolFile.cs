namespace HyperConn.Events;

/// <summary>A file of a spool that is being read, or whose events are not all done. Thread-safe.</summary>
internal sealed class SpoolFile : IDisposable
{
    private const int MostRejectsNames = 10;
    private const long NotMet = -1;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, long> _pending = [];
    private readonly HashSet<long> _again;
    private readonly long _knownFrontier;
    private readonly TimeProvider _time;
    private RejectsFile? _rejects;
    private (long Offset, long Lines) _cursor;
    private long _frontier;
    private long _lines;
    private bool _isRead;
    private bool _isFinished;

    /// <param name="path">Where it was found.</param>
    /// <param name="identity">What it is.</param>
    /// <param name="known">How far an earlier run came; null: it is new.</param>
    /// <param name="time">Clock, for what is rejected.</param>
    public SpoolFile(string path, FileIdentity identity, SpoolPosition? known, TimeProvider time)
    {
        (Path, Identity, Name, _time) = (path, identity, System.IO.Path.GetFileName(path), time);
        _knownFrontier = known?.Frontier ?? 0;
        _again = [.. known?.Pending ?? []];
        (StartOffset, StartLines) = _cursor = (known?.ReadFrom ?? 0, known?.ReadFromLines ?? 0);
        (_frontier, _lines) = (known?.Frontier ?? 0, known?.Lines ?? 0);
        // Until they are handed out again, they are not done either.
        foreach (var start in _again)
            _pending.Add(start, NotMet);
    }

    public string Path { get; }

    public string Name { get; }

    public FileIdentity Identity { get; }

    /// <summary>Where reading begins.</summary>
    public long StartOffset { get; }

    /// <summary>Lines before it.</summary>
    public long StartLines { get; }

    /// <summary>Bytes not read yet, and lines read so far.</summary>
    public (long BytesLeft, long Lines, long BytesRead) Reading
    {
        get
        {
            lock (_gate)
                return (Math.Max(0, Identity.Size - _frontier), _lines, _frontier);
        }
    }

    /// <summary>A line was read.</summary>
    /// <returns>Whether it is to be handed out: it isn't empty, and no earlier run was done with it.</returns>
    public bool Begin(Line line, bool isBlank)
    {
        lock (_gate)
        {
            _cursor = (line.End, line.Number);
            if (line.End > _frontier)
                (_frontier, _lines) = (line.End, line.Number);
            var isKnown = line.Start < _knownFrontier;
            if (isBlank || (isKnown && !_again.Contains(line.Start)))
                return false;
            _pending[line.Start] = line.Number - 1;
            return true;
        }
    }

    /// <summary>A line that was handed out is done with.</summary>
    /// <returns>Whether that was the last one: the file is done with, too. Said once.</returns>
    public bool Complete(long start)
    {
        lock (_gate)
        {
            _pending.Remove(start);
            return IsFinishedNow();
        }
    }

    /// <summary>Its end was read.</summary>
    /// <returns>Whether it is done with. Said once.</returns>
    public bool EndOfFile()
    {
        lock (_gate)
        {
            _isRead = true;
            return IsFinishedNow();
        }
    }

    /// <summary>How far it has come.</summary>
    public SpoolPosition Position()
    {
        lock (_gate)
        {
            long[] pending = [.. _pending.Keys];
            // Lines before the first are known, unless an earlier run left it and it was not met again yet: then the reader is before it.
            var (from, lines) = pending.Length == 0 ? (_frontier, _lines)
                : _pending[pending[0]] is >= 0 and var before ? (pending[0], before)
                : _cursor;
            return new SpoolPosition(Identity.Device, Identity.Inode, Identity.Size, Identity.Time, Name, _frontier, _lines, pending, from, lines);
        }
    }

    /// <summary>Keeps a rejected event beside the file, unless another place is named.</summary>
    public void Reject(LineDelivery delivery, EventOutcome outcome, RejectsFile? elsewhere)
    {
        lock (_gate)
            (elsewhere ?? (_rejects ??= OpenRejects())).Keep(delivery, outcome.Code ?? "Unknown", outcome.Message, outcome.Attempts);
    }

    /// <summary>Makes durable what was rejected.</summary>
    public void Flush()
    {
        lock (_gate)
            _rejects?.Flush();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _rejects?.Dispose();
            _rejects = null;
        }
    }

    private bool IsFinishedNow() => _isRead && _pending.Count == 0 && !_isFinished && (_isFinished = true);

    private RejectsFile OpenRejects()
    {
        for (var i = 0; ; i++)
        {
            try
            {
                return new RejectsFile(i == 0 ? $"{Path}.rejected" : $"{Path}.{i}.rejected", _time, atOnce: true);
            }
            catch (IOException) when (i < MostRejectsNames)
            {
                // Somebody has put something else there.
            }
        }
    }
}
