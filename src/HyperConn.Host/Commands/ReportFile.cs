using System.Text.Json;
using HyperConn.Events;

namespace HyperConn.Host.Commands;

/// <summary>The file of a command's report: written in one step, and read as something that anybody may have written.</summary>
/// <param name="command">The command.</param>
/// <param name="isWhole">Whether what was read is a report. What JSON leaves out is null, whatever the types say.</param>
internal sealed class ReportFile<T>(string command, Func<T, bool> isWhole)
    where T : class
{
    /// <summary>Writes it in one step, so that an interruption leaves the report of before or this one, never half of one.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public static Task SaveAsync(string path, T report) =>
        Task.Run(() => SafeFile.WriteWhole(path, JsonSerializer.SerializeToUtf8Bytes(report, CommandOutput.Json)));

    /// <summary>Writes it if there is a path.</summary>
    /// <returns>Why it can't be written; null: it is, or need not be.</returns>
    public static async Task<string?> TrySaveAsync(string? path, T report)
    {
        try
        {
            if (path is not null)
                await SaveAsync(path, report);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    /// <summary>Makes sure that no file is replaced but an earlier report, or an empty file.</summary>
    /// <exception cref="CommandException">It would be; the message says what to do.</exception>
    public async Task MayReplaceAsync(string path, CancellationToken cancellationToken)
    {
        if (FileFacts.KindOf(path) != FileKind.Regular || new FileInfo(path).Length == 0)
            return;
        try
        {
            await LoadAsync(path, cancellationToken);
        }
        catch (CommandException)
        {
            throw new CommandException($"'{path}' is there already and is not a report of {command}, so it is not replaced. Name another file.");
        }
    }

    /// <summary>Reads a report.</summary>
    /// <exception cref="CommandException">There is none, or it is no report.</exception>
    public async Task<T> LoadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = SafeFile.OpenToRead(path);
            return await JsonSerializer.DeserializeAsync<T>(file, CommandOutput.Json, cancellationToken) is { } report && isWhole(report)
                ? report
                : throw new CommandException($"'{path}' is not a report of {command}.");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new CommandException($"'{path}' is not a report of {command}.");
        }
        catch (FileNotFoundException)
        {
            throw new CommandException($"There is no report '{path}'.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The report can't be read: {exception.Message}");
        }
    }
}
