namespace HyperConn.Events;

/// <summary>
/// Files in folders that others may write to: no link is followed, nothing but regular files is opened, what is made is new and only its
/// owner's to read.
/// </summary>
internal static class SafeFile
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a file that was not there, mode 0600, open to nobody else while it is open.</summary>
    /// <exception cref="IOException">There is something of that name already, a dangling link included.</exception>
    public static FileStream CreateNew(string path) => new(path, Options(FileMode.CreateNew, FileAccess.Write));

    /// <summary>Opens a file to be read.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="share">Who else may have it open.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It is no regular file, or can't be read.</exception>
    public static FileStream OpenToRead(string path, FileShare share = FileShare.Read | FileShare.Delete)
    {
        LookAt(path);
        return new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = share, Options = FileOptions.Asynchronous });
    }

    /// <summary>Opens a file to be read.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="identity">What was opened.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It is no regular file, or can't be read.</exception>
    public static FileStream OpenToRead(string path, out FileIdentity identity)
    {
        var facts = LookAt(path);
        var handle = OperatingSystem.IsLinux() ? Native.OpenToRead(path) : File.OpenHandle(path);
        try
        {
            // Between the look and the opening somebody may have put something else there.
            var opened = FileFacts.Of(handle, path);
            if (!opened.IsRegular || opened.Identity.Inode != facts.Identity.Inode || opened.Identity.Device != facts.Identity.Device)
                throw new IOException($"'{path}' was replaced while it was opened.");
            identity = opened.Identity;
            return new FileStream(handle, FileAccess.Read, bufferSize: 0);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file of ours to append to, or makes it, readable by nobody else.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="isOurs">Tells by the first bytes of a file that is there, up to 64, whether it is one of ours.</param>
    /// <param name="isNew">Whether it was made.</param>
    /// <exception cref="IOException">What is there is no regular file, belongs to somebody else, or isn't one of ours.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static FileStream OpenToAppend(string path, Func<byte[], bool> isOurs, out bool isNew)
    {
        isNew = FileFacts.KindOf(path) == FileKind.None;
        if (isNew)
            return CreateNew(path);
        var facts = LookAt(path);
        if (!facts.IsOurs)
            throw new IOException($"'{path}' belongs to another user or has several names; nothing is appended to it.");
        var stream = new FileStream(path, Options(FileMode.Open, FileAccess.ReadWrite));
        try
        {
            if (FileFacts.Of(stream.SafeFileHandle, path).Identity.Inode != facts.Identity.Inode)
                throw new IOException($"'{path}' was replaced while it was opened.");
            var head = new byte[Math.Min(64, stream.Length)];
            stream.ReadExactly(head);
            if (head.Length > 0 && !isOurs(head))
                throw new IOException($"'{path}' is no file of rejected events; nothing is appended to it.");
            stream.Seek(0, SeekOrigin.End);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes a file whole, in one step and through to the disk: an interruption, a loss of power included, leaves what was there before or
    /// this, never half of it.
    /// </summary>
    /// <exception cref="IOException">What stands there is no regular file; or it can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void WriteWhole(string path, ReadOnlySpan<byte> content)
    {
        path = Path.GetFullPath(path);
        if (FileFacts.KindOf(path) is var kind && kind is not (FileKind.None or FileKind.Regular))
            throw new IOException(NotAFile(path, kind));
        var folder = Path.GetDirectoryName(path)!;
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}");
        try
        {
            using (var file = CreateNew(temporary))
            {
                file.Write(content);
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

    /// <summary>Gives a file another name, unless that name is taken.</summary>
    /// <returns>False: it is taken.</returns>
    public static bool TryMove(string path, string to)
    {
        if (FileFacts.Of(to) is not null)
            return false;
        try
        {
            File.Move(path, to, overwrite: false);
            return true;
        }
        catch (IOException) when (FileFacts.Of(path) is not null && FileFacts.Of(to) is not null)
        {
            return false;
        }
    }

    /// <summary>Makes names in a folder durable, where the system can.</summary>
    public static void SyncFolder(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            using var handle = Native.OpenToRead(folder);
            Native.Sync(handle);
        }
        catch (IOException)
        {
            // It may be written, and not read.
        }
    }

    private static FileFacts LookAt(string path) =>
        FileFacts.Of(path) is not { } facts ? throw new FileNotFoundException($"There is no file '{path}'.", path)
        : facts.IsRegular ? facts
        : throw new IOException(NotAFile(path, facts.Kind));

    private static string NotAFile(string path, FileKind kind) => kind switch
    {
        FileKind.Folder => $"'{path}' is a folder, not a file.",
        FileKind.Link => $"'{path}' is a symbolic link, which is not followed. Name the file itself.",
        _ => $"'{path}' is a pipe, a socket or a device, not a file.",
    };

    private static FileStreamOptions Options(FileMode mode, FileAccess access)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = FileShare.None, BufferSize = 0 };
        if (mode == FileMode.CreateNew && !OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        return options;
    }
}
