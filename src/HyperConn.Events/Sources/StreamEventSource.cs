using System.Runtime.CompilerServices;

namespace HyperConn.Events;

/// <summary>Events from a stream of lines: standard input or one file. Empty lines are skipped.</summary>
internal sealed class StreamEventSource : ITenantEventSource, IDisposable
{
    private readonly string _place;
    private readonly Func<(Stream Stream, string Identity, DateTimeOffset? MadeAt)> _open;
    private readonly int _longest;
    private readonly RejectsFile? _rejects;
    private readonly bool _isFile;

    private StreamEventSource(
        string name,
        string place,
        bool isFile,
        Func<(Stream Stream, string Identity, DateTimeOffset? MadeAt)> open,
        int longest,
        RejectsFile? rejects) =>
        (Name, _place, _isFile, _open, _longest, _rejects) = (name, place, isFile, open, longest, rejects);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string IdScope => EventLine.IdScope;

    /// <inheritdoc/>
    public bool IsOrdered => true;

    /// <summary>A file can be read again; what came through a pipe is only kept where a file for it is named.</summary>
    public bool Redelivers => _isFile || _rejects is not null;

    /// <inheritdoc/>
    public TimeSpan? ExtendEvery => null;

    /// <summary>Standard input, to its end. An event without an id is another one each time the process is started: a stream has no
    /// places.</summary>
    public static StreamEventSource StandardInput(int longest, RejectsFile? rejects, Func<Stream>? open = null) => new(
        "stdin", "stdin", isFile: false, () => ((open ?? Console.OpenStandardInput)(), Guid.NewGuid().ToString("N"), null), longest, rejects);

    /// <summary>A file, to its end.</summary>
    public static StreamEventSource File(string path, int longest, RejectsFile? rejects) => new(
        "file",
        Path.GetFileName(path),
        isFile: true,
        () =>
        {
            var stream = SafeFile.OpenToRead(path, out var identity);
            return (stream, identity.ToString(), System.IO.File.GetLastWriteTimeUtc(path));
        },
        longest,
        rejects);

    /// <inheritdoc/>
    public async IAsyncEnumerable<TenantDelivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        // Not disposed: a read that blocks on a silent terminal would block the dispose too. The process ends soon after.
        var (stream, identity, madeAt) = _open();
        var reader = new LineReader(stream, _longest);
        while (true)
        {
            // What has been taken out of a pipe is in nobody else's hands: it is handed out also after a stop.
            while (!(_isFile && stop.IsCancellationRequested) && reader.TryTake(out var line))
            {
                if (Read(line, identity, madeAt) is { } delivery)
                    yield return delivery;
            }

            if (stop.IsCancellationRequested || !await FillAsync(reader, stop).ConfigureAwait(false))
                break;
        }
    }

    /// <inheritdoc/>
    public ValueTask CompleteAsync(TenantDelivery delivery, EventOutcome outcome, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        if (outcome.Result == EventResult.Rejected)
            _rejects?.Keep((LineDelivery)delivery, outcome.Code ?? "Unknown", outcome.Message, outcome.Attempts);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask AbandonAsync(TenantDelivery delivery, CancellationToken cancellationToken)
    {
        if (!_isFile)
            _rejects?.Keep((LineDelivery)delivery, "Stopped", "The host was told to stop before this event was handled.", 0);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask ExtendAsync(IReadOnlyCollection<TenantDelivery> deliveries, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public EventSourceStatistics GetStatistics() => new();

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        _rejects?.Flush();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _rejects?.Dispose();

    private static async Task<bool> FillAsync(LineReader reader, CancellationToken stop)
    {
        try
        {
            // Standard input reads synchronously, whatever it is called with.
            return await Task.Run(() => reader.FillAsync(CancellationToken.None).AsTask(), CancellationToken.None)
                .WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private LineDelivery? Read(Line line, string identity, DateTimeOffset? madeAt)
    {
        if (!line.IsTooLong && IsBlank(line.Bytes.Span))
            return null;
        var place = new LinePlace(_place, identity, line.Number, madeAt);
        var parsed = line.IsTooLong ? LineDelivery.TooLong(_longest) : EventLine.Read(line.Bytes.Span, place);
        return new LineDelivery
        {
            Place = place.ToString(),
            Line = line.Number,
            Raw = parsed.Raw,
            Base64 = parsed.Base64,
            Event = parsed.Event,
            Fault = parsed.Fault,
            FaultCode = parsed.FaultCode,
            Bytes = LineDelivery.Size(parsed),
        };
    }

    internal static bool IsBlank(ReadOnlySpan<byte> line) => !line.ContainsAnyExcept((byte)' ', (byte)'\t', (byte)'\r');
}
