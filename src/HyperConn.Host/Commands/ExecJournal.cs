using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using HyperConn.Events;

namespace HyperConn.Host.Commands;

/// <summary>The report can't be kept any more, so no further tenant may begin.</summary>
internal sealed class ReportLostException(string message, Exception inner) : IOException(message, inner);

/// <summary>
/// Beside the report, while <c>exec</c> runs: what happened since the report was written, a JSON line each. A line is on the disk before
/// the tenant's SQL begins, so that after a crash everything that may have been carried out is known.
/// </summary>
internal sealed class ExecJournal : IAsyncDisposable
{
    // Notes that wait share one write to the disk.
    private const int MostInOneWrite = 1_000;

    private static readonly JsonSerializerOptions Line = new(CommandOutput.Json) { WriteIndented = false };

    private readonly FileStream _file;
    private readonly Channel<Note> _notes = Channel.CreateUnbounded<Note>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writing;

    private ExecJournal(FileStream file)
    {
        _file = file;
        _writing = WriteAsync();
    }

    /// <summary>Where the journal of a report is.</summary>
    public static string PathOf(string report) => report + ".journal";

    /// <summary>Begins the journal of a run.</summary>
    /// <param name="report">File of the report.</param>
    /// <param name="run">The run's own name, which the report has too.</param>
    /// <exception cref="IOException">It can't be made, or there is one.</exception>
    public static async Task<ExecJournal> CreateAsync(string report, string run)
    {
        var path = Path.GetFullPath(PathOf(report));
        var file = SafeFile.CreateNew(path);
        try
        {
            await file.WriteAsync(Bytes(new Head(run)));
            file.Flush(flushToDisk: true);
            SafeFile.SyncFolder(Path.GetDirectoryName(path)!);
            return new ExecJournal(file);
        }
        catch
        {
            await file.DisposeAsync();
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Writes down how it stands with a tenant; ends when that is on the disk.</summary>
    /// <exception cref="ReportLostException">It can't be written.</exception>
    public Task NoteAsync(ExecResult result)
    {
        var note = new Note(Bytes(result), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        return _notes.Writer.TryWrite(note) ? note.Written.Task : throw new ReportLostException("The journal is closed.", new ObjectDisposedException(nameof(ExecJournal)));
    }

    /// <summary>Reads what the journal of an interrupted run adds to its report, and keeps others from resuming it meanwhile.</summary>
    /// <param name="path">File of the report.</param>
    /// <param name="report">The report.</param>
    /// <param name="stop">Gives it up.</param>
    /// <returns>The report with it, and what to dispose when a new journal takes over; null: there was none.</returns>
    /// <exception cref="CommandException">The run still goes on, or the journal is another report's.</exception>
    public static async Task<(ExecReport Report, FileStream? Held)> MergeAsync(string path, ExecReport report, CancellationToken stop)
    {
        FileStream held;
        try
        {
            held = SafeFile.OpenToRead(PathOf(path), FileShare.None | FileShare.Delete);
        }
        catch (FileNotFoundException)
        {
            return (report, null);
        }
        catch (IOException fault)
        {
            throw new CommandException($"The journal of '{path}' can't be read, or an exec that writes it still runs: {fault.Message}");
        }

        try
        {
            return (Merge(path, report, await new StreamReader(held).ReadToEndAsync(stop)), held);
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _notes.Writer.TryComplete();
        await _writing;
        await _file.DisposeAsync();
    }

    /// <summary>Ends it and takes it away: the report has everything.</summary>
    public async Task DeleteAsync()
    {
        await DisposeAsync();
        File.Delete(_file.Name);
    }

    private static ExecReport Merge(string path, ExecReport report, string text)
    {
        var lines = text.Split('\n');
        var run = Read<Head>(lines[0])?.Run;

        // Written out whole into a later report before anything else was done.
        if (run is null || run == report.Resumes)
            return report;
        if (run != report.Run)
            throw new CommandException($"'{PathOf(path)}' is not the journal of this report. Put the two back together, or move the journal away.");
        var places = report.Tenants.Select((tenant, at) => (tenant, at)).ToDictionary(t => (t.tenant.Service, t.tenant.Org), t => t.at);
        ExecResult[] tenants = [.. report.Tenants];
        foreach (var line in lines.Skip(1))
        {
            // The last line may be torn: nobody went on before it was written.
            if (Read<ExecResult>(line) is { Service: not null, Org: not null } result && places.TryGetValue((result.Service, result.Org), out var at))
                tenants[at] = result;
        }

        return report with { Tenants = tenants };
    }

    private static T? Read<T>(string line)
        where T : class
    {
        try
        {
            return line.Length == 0 ? null : JsonSerializer.Deserialize<T>(line, Line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Bytes<T>(T value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, Line), (byte)'\n'];

    private async Task WriteAsync()
    {
        Exception? lost = null;
        var some = new List<Note>();
        while (await _notes.Reader.WaitToReadAsync())
        {
            some.Clear();
            while (some.Count < MostInOneWrite && _notes.Reader.TryRead(out var note))
                some.Add(note);
            try
            {
                if (lost is null)
                {
                    foreach (var note in some)
                        await _file.WriteAsync(note.Line);
                    _file.Flush(flushToDisk: true);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Nothing after a line that may be torn.
                lost = exception;
            }

            foreach (var note in some)
            {
                if (lost is null)
                    note.Written.SetResult();
                else
                    note.Written.SetException(new ReportLostException(lost.Message, lost));
            }
        }
    }

    private sealed record Head([property: JsonPropertyName("run")] string Run);

    private sealed record Note(byte[] Line, TaskCompletionSource Written);
}
