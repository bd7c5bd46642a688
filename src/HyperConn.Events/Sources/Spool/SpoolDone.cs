using System.Globalization;

namespace HyperConn.Events;

/// <summary>Gives a file that is done with its last name, without ever taking another file for it.</summary>
internal static class SpoolDone
{
    /// <summary>Renames it to <c>*.jsonl.done</c>, or, where that is taken, to <c>*.jsonl.&lt;inode&gt;-&lt;time&gt;.done</c>.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be renamed.</exception>
    public static void Rename(SpoolFile file, SpoolLog log)
    {
        var (path, identity) = (file.Path, file.Identity);
        // Another file of that name was put in its place: that one is read next.
        if (FileFacts.Of(path) is not { } now || !IsSame(now.Identity, identity))
            return;
        if (now.Identity != identity)
        {
            log.Grown(path);
            return;
        }

        var unique = string.Create(CultureInfo.InvariantCulture, $"{path}.{identity.Inode}-{identity.Time}.done");
        File.Move(path, unique, overwrite: true);
        if (FileFacts.Of(unique) is { } moved && !IsSame(moved.Identity, identity))
        {
            // It came between the look and the move: back to where it is read.
            if (!SafeFile.TryMove(unique, path))
                File.Move(unique, $"{path[..^".jsonl".Length]}-{Guid.NewGuid():N}.jsonl");
            return;
        }

        SafeFile.TryMove(unique, $"{path}.done");
        SafeFile.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static bool IsSame(FileIdentity one, FileIdentity other) => one.Device == other.Device && one.Inode == other.Inode;
}
