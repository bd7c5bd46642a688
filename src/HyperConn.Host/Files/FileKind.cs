using System.ComponentModel;
using System.Runtime.InteropServices;

namespace HyperConn.Host;

/// <summary>What stands at a path; symbolic links are not followed.</summary>
internal enum FileKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A file whose contents are on a disk.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link, wherever it leads.</summary>
    Link,

    /// <summary>A FIFO, a socket or a device: opening it may wait for ever, or do something.</summary>
    Special,
}

/// <summary>Tells kinds of files apart before they are opened, which .NET itself can't.</summary>
internal static class FileKinds
{
    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const uint WantType = 1;
    private const int ModeAt = 28;
    private const int NoEntry = 2;
    private const int NotAFolder = 20;

    /// <summary>Looks at a path.</summary>
    /// <exception cref="IOException">It can't be looked at.</exception>
    public static FileKind Of(string path)
    {
        if (!OperatingSystem.IsLinux())
            return OfPortable(path);

        // struct statx of the kernel's API, the same on every architecture: https://man7.org/linux/man-pages/man2/statx.2.html
        var status = new byte[256];
        if (Statx(CurrentFolder, path, NoFollow, WantType, status) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error is NoEntry or NotAFolder ? FileKind.None : throw new IOException($"'{path}': {new Win32Exception(error).Message}.");
        }

        return (BitConverter.ToUInt16(status, ModeAt) & 0xF000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Folder,
            0xA000 => FileKind.Link,
            _ => FileKind.Special,
        };
    }

    private static FileKind OfPortable(string path) =>
        new FileInfo(path).LinkTarget is not null ? FileKind.Link
        : Directory.Exists(path) ? FileKind.Folder
        : File.Exists(path) ? FileKind.Regular
        : FileKind.None;

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] status);
}
