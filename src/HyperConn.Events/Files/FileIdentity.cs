using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperConn.Events;

/// <summary>What a file is, whatever its name: device, inode, size and time of the last change of its content.</summary>
/// <param name="Device">Device.</param>
/// <param name="Inode">Inode; 0 where the system tells none, and then size and times decide.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Time">Nanoseconds since 1970; where the system tells no inode, ticks of the file's making and last change, mixed.</param>
internal readonly record struct FileIdentity(long Device, long Inode, long Size, long Time);

/// <summary>What is known of a name in a folder.</summary>
/// <param name="Identity">What stands there.</param>
/// <param name="Kind">Of which kind it is.</param>
/// <param name="IsOurs">Whether it belongs to the user of this process, and has no other name.</param>
internal readonly record struct FileFacts(FileIdentity Identity, FileKind Kind, bool IsOurs)
{
    private const int AtCurrentFolder = -100;
    private const int AtEmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint BasicStats = 0x7ff;
    private const int NoEntry = 2;
    private const int NotAFolder = 20;

    /// <summary>Whether it is a file of bytes: no link, folder, pipe or device.</summary>
    public bool IsRegular => Kind == FileKind.Regular;

    private static bool HasStatx { get; } =
        OperatingSystem.IsLinux() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "statx", out _);

    /// <summary>Looks at a name without following it; null: there is nothing.</summary>
    /// <exception cref="IOException">It can't be looked at.</exception>
    public static FileFacts? Of(string path)
    {
        if (HasStatx)
            return Statx(AtCurrentFolder, path, NoFollow);
        var info = new FileInfo(path);
        return info.Exists || info.LinkTarget is not null ? Of(info)
            : Directory.Exists(path) ? new FileFacts(default, FileKind.Folder, IsOurs: true)
            : null;
    }

    /// <summary>Of which kind a name is.</summary>
    /// <exception cref="IOException">It can't be looked at.</exception>
    public static FileKind KindOf(string path) => Of(path)?.Kind ?? FileKind.None;

    /// <summary>Looks at an open file.</summary>
    public static FileFacts Of(SafeFileHandle handle, string path)
    {
        if (!HasStatx)
            return Of(new FileInfo(path));
        var added = false;
        handle.DangerousAddRef(ref added);
        try
        {
            return Statx((int)handle.DangerousGetHandle(), "", AtEmptyPath) ?? throw new IOException($"'{path}' can't be looked at.");
        }
        finally
        {
            handle.DangerousRelease();
        }
    }

    private static FileFacts Of(FileInfo info)
    {
        if (info.LinkTarget is not null)
            return new FileFacts(default, FileKind.Link, IsOurs: true);
        const FileAttributes special = FileAttributes.Directory | FileAttributes.Device | FileAttributes.ReparsePoint;
        return new FileFacts(
            new FileIdentity(0, 0, info.Length, info.LastWriteTimeUtc.Ticks ^ (info.CreationTimeUtc.Ticks << 1)),
            (info.Attributes & special) == 0 ? FileKind.Regular : FileKind.Special,
            IsOurs: true);
    }

    private static FileFacts? Statx(int folder, string path, int flags)
    {
        if (Native.Statx(folder, path, flags, BasicStats, out var s) != 0)
        {
            return Marshal.GetLastPInvokeError() is NoEntry or NotAFolder
                ? null
                : throw new IOException($"'{path}' can't be looked at: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        }

        var identity = new FileIdentity(
            ((long)s.DeviceMajor << 32) | s.DeviceMinor, (long)s.Inode, (long)s.Size,
            (s.ModifiedSeconds * 1_000_000_000) + s.ModifiedNanoseconds);
        return new FileFacts(identity, KindOf(s.Mode), s.User == Native.EffectiveUser() && s.Links == 1);
    }

    private static FileKind KindOf(ushort mode) => (mode & 0xF000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Folder,
        0xA000 => FileKind.Link,
        _ => FileKind.Special,
    };
}

/// <summary>Calls of the system that .NET has no name for.</summary>
internal static partial class Native
{
    private const int CloseOnExec = 0x80000;
    private const int DoNotBlock = 0x800;

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Statx(int folder, string path, int flags, uint mask, out StatxResult result);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    /// <summary>Opens a file to be read; a pipe without a writer doesn't hold the caller up. Linux only.</summary>
    /// <exception cref="IOException">It can't be opened.</exception>
    public static SafeFileHandle OpenToRead(string path)
    {
        var descriptor = Open(path, CloseOnExec | DoNotBlock, 0);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException($"'{path}' can't be read: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
    }

    /// <summary>Makes durable what was written; a file system that can't is left alone.</summary>
    public static void Sync(SafeFileHandle handle) => _ = FileSync(handle);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FileSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags, int mode);

    /// <summary><c>struct statx</c> of Linux, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatxResult
    {
        [FieldOffset(16)]
        public uint Links;
        [FieldOffset(20)]
        public uint User;
        [FieldOffset(28)]
        public ushort Mode;
        [FieldOffset(32)]
        public ulong Inode;
        [FieldOffset(40)]
        public ulong Size;
        [FieldOffset(112)]
        public long ModifiedSeconds;
        [FieldOffset(120)]
        public uint ModifiedNanoseconds;
        [FieldOffset(136)]
        public uint DeviceMajor;
        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
