namespace HyperConn.Events;

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
