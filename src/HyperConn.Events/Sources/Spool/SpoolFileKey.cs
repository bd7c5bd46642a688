namespace HyperConn.Events;

/// <summary>What a file is while it is open, whatever happens to its size.</summary>
internal readonly record struct SpoolFileKey(long Device, long Inode, string? Path)
{
    public static SpoolFileKey Of(FileIdentity identity, string path) => new(identity.Device, identity.Inode, identity.Inode == 0 ? path : null);
}
