namespace HyperConn.Events;

/// <summary>A file that keeps rejected events, ready to be fed again. Made when there is something to keep, unless told to be at once.
/// Thread-safe.</summary>
internal sealed class RejectsFile : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly TimeProvider _time;
    private FileStream? _stream;
    private bool _isDirty;
    private bool _mayGo;

    /// <param name="path">The file.</param>
    /// <param name="time">Clock.</param>
    /// <param name="atOnce">Whether to open it at once, so that one that can't be written is known before the first event.</param>
    /// <exception cref="IOException">It can't be written, or what is there is not ours.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public RejectsFile(string path, TimeProvider time, bool atOnce)
    {
        (_path, _time) = (path, time);
        if (atOnce)
            _ = Stream();
    }

    /// <summary>Keeps an event. Durable after <see cref="Flush"/>.</summary>
    public void Keep(LineDelivery delivery, string code, string? message, int attempts)
    {
        var line = RejectedLine.Write(delivery, code, message, attempts, _time.GetUtcNow());
        lock (_gate)
        {
            Stream().Write(line.Span);
            (_isDirty, _mayGo) = (true, false);
        }
    }

    /// <summary>Makes durable what was kept.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (!_isDirty)
                return;
            _stream!.Flush(flushToDisk: true);
            _isDirty = false;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stream?.Dispose();
            _stream = null;
            // Made at once, and nothing came of it.
            if (_mayGo && FileFacts.Of(_path) is { IsRegular: true, Identity.Size: 0 })
                File.Delete(_path);
            _mayGo = false;
        }
    }

    private FileStream Stream()
    {
        if (_stream is not null)
            return _stream;
        _stream = SafeFile.OpenToAppend(_path, RejectedLine.Begins, out _mayGo);
        // The end of a line that a crash cut off must not swallow the next one.
        if (_stream.Length > 0)
        {
            _stream.Seek(-1, SeekOrigin.End);
            if (_stream.ReadByte() != '\n')
                _stream.Write("\n"u8);
        }

        return _stream;
    }
}
