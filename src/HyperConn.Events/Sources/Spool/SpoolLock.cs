namespace HyperConn.Events;

/// <summary>Keeps a second process from reading the same spool. The system lets go of it when the process ends, however that
/// happens.</summary>
internal static class SpoolLock
{
    /// <summary>Takes it.</summary>
    /// <exception cref="IOException">Another process has it, or the folder can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static FileStream Take(string folder)
    {
        var path = Path.Combine(folder, ".hyperconn-lock");
        try
        {
            if (FileFacts.Of(path) is { IsRegular: false })
                throw new IOException($"'{path}' is a link, a pipe or a device.");
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            return new FileStream(path, options);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException(
                $"The spool folder '{folder}' can't be written: what is done could not be noted, and would be done again. {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new IOException($"The spool folder '{folder}' can't be used: another process reads it, or it can't be written. {e.Message}", e);
        }
    }
}
