using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace HyperConn.Host.Workers;

/// <summary>
/// Events from a spool folder: files <c>*.jsonl</c>, in the order of their names, taken as they appear until stopped. A file whose events
/// are all done with is renamed to <c>*.jsonl.done</c>, and the lines that failed are kept in <c>*.jsonl.rejected</c> unless another file
/// is named for them; one that was not finished is read again from its start at the next run, so
/// handlers must bear an event twice. Put files there by renaming, not by writing in place.
/// </summary>
internal sealed class SpoolEventSource(string folder, TimeSpan pollInterval, Rejects rejects) : ITenantEventSource
{
    private readonly ConcurrentDictionary<string, SpoolFile> _open = new(StringComparer.Ordinal);

    public async IAsyncEnumerable<Delivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (var path in Directory.EnumerateFiles(folder, "*.jsonl").Order(StringComparer.Ordinal).ToList())
            {
                var file = new SpoolFile(path);
                if (!_open.TryAdd(file.Name, file))
                    continue;
                // Of an earlier run that did not finish the file; those of an earlier file of the same name, which was, stay.
                if (!File.Exists(file.Done))
                    File.Delete(file.Rejected);
                var number = 0;
                using var reader = new StreamReader(path);
                while (!stop.IsCancellationRequested && await reader.ReadLineAsync(CancellationToken.None) is { } line)
                {
                    number++;
                    if (string.IsNullOrWhiteSpace(line))
                        continue;
                    file.Begin();
                    yield return EventLine.Read($"{file.Name}:{number}", line);
                }

                if (!stop.IsCancellationRequested)
                    End(file);
            }

            await Task.Delay(pollInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async Task CompleteAsync(Delivery delivery, EventOutcome outcome)
    {
        // It is read again at the next run.
        if (outcome == EventOutcome.Stopped)
            return;
        var file = _open[delivery.Place[..delivery.Place.LastIndexOf(':')]];
        await rejects.CompleteAsync(delivery, outcome, file.Rejected);
        End(file);
    }

    private void End(SpoolFile file)
    {
        if (!file.End())
            return;
        File.Move(file.Path, file.Done, overwrite: true);
        _open.TryRemove(file.Name, out _);
    }

    /// <summary>A file being read. It counts what is under way, and itself while its end isn't reached.</summary>
    private sealed class SpoolFile(string path)
    {
        private int _underWay = 1;

        public string Path { get; } = path;

        public string Rejected { get; } = path + ".rejected";

        public string Done { get; } = path + ".done";

        public string Name { get; } = System.IO.Path.GetFileName(path);

        public void Begin() => Interlocked.Increment(ref _underWay);

        public bool End() => Interlocked.Decrement(ref _underWay) == 0;
    }
}
