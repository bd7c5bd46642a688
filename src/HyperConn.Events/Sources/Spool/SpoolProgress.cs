using System.Text.Json;

namespace HyperConn.Events;

/// <summary>How far a file of a spool has come.</summary>
/// <param name="Device">The file's device.</param>
/// <param name="Inode">Its inode.</param>
/// <param name="Size">Its size, bytes.</param>
/// <param name="Time">Time of its last change.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Frontier">Offset up to which it was read.</param>
/// <param name="Lines">Lines before that.</param>
/// <param name="Pending">Offsets of lines before it that are not done, ascending.</param>
/// <param name="ReadFrom">Offset of a line at or before the first of these.</param>
/// <param name="ReadFromLines">Lines before that.</param>
internal sealed record SpoolPosition(
    long Device, long Inode, long Size, long Time, string Name, long Frontier, long Lines, IReadOnlyList<long> Pending, long ReadFrom, long ReadFromLines)
{
    public FileIdentity Identity => new(Device, Inode, Size, Time);
}

/// <summary>The positions of all files of a spool, in one file beside them.</summary>
internal sealed class SpoolProgress(string folder)
{
    private const int Version = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The file.</summary>
    public string Path { get; } = System.IO.Path.Combine(folder, ".hyperconn-progress.json");

    /// <summary>Reads the positions.</summary>
    /// <param name="fault">Why they can't be read; null: they were, or there are none.</param>
    public Dictionary<FileIdentity, SpoolPosition> Load(out string? fault)
    {
        fault = null;
        try
        {
            if (FileFacts.Of(Path) is null)
                return [];
            using var stream = SafeFile.OpenToRead(Path, out _);
            if (JsonSerializer.Deserialize<Content>(stream, Json) is { Version: Version, Files: { } files })
                return files.Where(IsSound).DistinctBy(file => file.Identity).ToDictionary(file => file.Identity);
            fault = "it is of another version";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            fault = e.Message;
        }

        return [];
    }

    /// <summary>Writes the positions, durably.</summary>
    /// <exception cref="IOException">They can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be written.</exception>
    public void Save(IReadOnlyCollection<SpoolPosition> files) =>
        SafeFile.WriteWhole(Path, JsonSerializer.SerializeToUtf8Bytes(new Content(Version, files), Json));

    private static bool IsSound(SpoolPosition file) =>
        file is { Pending: not null, Lines: >= 0, ReadFrom: >= 0, ReadFromLines: >= 0 } && file.Frontier <= file.Size && file.ReadFrom <= file.Frontier
        && file.Pending.All(start => start >= file.ReadFrom && start < file.Frontier);

    private sealed record Content(int Version, IReadOnlyCollection<SpoolPosition> Files);
}
