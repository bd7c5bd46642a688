namespace HyperConn.Events;

/// <summary>Opens files in folders that others may write to: never through a link, never a pipe or a device, never somebody
/// else's.</summary>
internal static class SafeFile
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Opens a file to be read.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="identity">What was opened.</param>
    /// <exception cref="IOException">It is no regular file, or can't be read.</exception>
    public static FileStream OpenToRead(string path, out FileIdentity identity)
    {
        if (FileFacts.Of(path) is not { } facts)
            throw new FileNotFoundException($"There is no file '{path}'.", path);
        if (!facts.IsRegular)
            throw new IOException($"'{path}' is a link, a pipe or a device; only regular files are read.");
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
        isNew = FileFacts.Of(path) is null;
        if (isNew)
            return new FileStream(path, Options(FileMode.CreateNew, FileAccess.Write));
        var facts = FileFacts.Of(path)!.Value;
        if (!facts.IsRegular)
            throw new IOException($"'{path}' is a link, a pipe or a device; rejected events are kept in regular files only.");
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

    /// <summary>Writes a file so that it is there as a whole, durably, or as it was before.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, Options(FileMode.CreateNew, FileAccess.Write)))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        SyncFolder(Path.GetDirectoryName(path)!);
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
        using var handle = Native.OpenToRead(folder);
        Native.Sync(handle);
    }

    private static FileStreamOptions Options(FileMode mode, FileAccess access)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = FileShare.None, BufferSize = 0 };
        if (mode == FileMode.CreateNew && !OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        return options;
    }
}
