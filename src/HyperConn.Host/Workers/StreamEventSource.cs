using System.Runtime.CompilerServices;

namespace HyperConn.Host.Workers;

/// <summary>Events from a stream of lines: standard input or one file. Empty lines are skipped.</summary>
internal sealed class StreamEventSource(string name, Func<TextReader> open, Rejects rejects) : ITenantEventSource
{
    /// <summary>Standard input, to its end.</summary>
    public static StreamEventSource StandardInput(Rejects rejects) => new("stdin", () => new StreamReader(Console.OpenStandardInput()), rejects);

    /// <summary>A file, to its end.</summary>
    public static StreamEventSource File(string path, Rejects rejects) => new(Path.GetFileName(path), () => new StreamReader(path), rejects);

    public async IAsyncEnumerable<Delivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        // Not disposed: a read that blocks on a silent terminal would block the dispose too. The process ends soon after.
        var reader = open();
        var number = 0;
        while (!stop.IsCancellationRequested)
        {
            string? line;
            try
            {
                // Standard input reads synchronously, whatever it is called with.
                line = await Task.Run(reader.ReadLine, CancellationToken.None).WaitAsync(stop);
            }
            catch (OperationCanceledException)
            {
                yield break;
            }

            if (line is null)
                yield break;
            number++;
            if (!string.IsNullOrWhiteSpace(line))
                yield return EventLine.Read($"{name}:{number}", line);
        }
    }

    public Task CompleteAsync(Delivery delivery, EventOutcome outcome) => rejects.CompleteAsync(delivery, outcome);
}
