using System.Runtime.InteropServices;

namespace HyperConn.Host;

/// <summary>
/// Files in folders that others may write to: no link is followed, nothing but regular files is opened, what is made is new and only its
/// owner's to read.
/// </summary>
internal static class SafeFile
{
    private const UnixFileMode OwnersOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a file that was not there, mode 0600, open to nobody else while it is open.</summary>
    /// <exception cref="IOException">There is something of that name already, a dangling link included.</exception>
    public static FileStream CreateNew(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnersOnly;
        return new FileStream(path, options);
    }

    /// <summary>Opens a file to read it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="share">Who else may have it open.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It is a link, a folder, or no file that is stored; or it can't be read.</exception>
    public static FileStream OpenToRead(string path, FileShare share = FileShare.Read | FileShare.Delete)
    {
        if (FileKinds.Of(path) is var kind && kind != FileKind.Regular)
            throw kind == FileKind.None ? new FileNotFoundException($"There is no file '{path}'.", path) : new IOException(NotAFile(path, kind));
        return new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = share, Options = FileOptions.Asynchronous });
    }

    /// <summary>
    /// Writes a file whole, in one step and through to the disk: an interruption, a loss of power included, leaves what was there before or
    /// this, never half of it.
    /// </summary>
    /// <exception cref="IOException">What stands there is no regular file; or it can't be written.</exception>
    public static async Task WriteWholeAsync(string path, ReadOnlyMemory<byte> content)
    {
        path = Path.GetFullPath(path);
        if (FileKinds.Of(path) is var kind && kind is not (FileKind.None or FileKind.Regular))
            throw new IOException(NotAFile(path, kind));
        var folder = Path.GetDirectoryName(path)!;
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}");
        try
        {
            await using (var file = CreateNew(temporary))
            {
                await file.WriteAsync(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            SyncFolder(folder);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Brings a folder's entries to the disk: what was made, renamed or deleted in it stays so.</summary>
    public static void SyncFolder(string folder)
    {
        // Windows keeps its entries by itself.
        if (OperatingSystem.IsWindows())
            return;
        var handle = Open(folder, 0);
        if (handle < 0)
            return;
        _ = FSync(handle);
        _ = Close(handle);
    }

    private static string NotAFile(string path, FileKind kind) => kind switch
    {
        FileKind.Folder => $"'{path}' is a folder, not a file.",
        FileKind.Link => $"'{path}' is a symbolic link, which is not followed. Name the file itself.",
        _ => $"'{path}' is a pipe, a socket or a device, not a file.",
    };

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FSync(int handle);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
