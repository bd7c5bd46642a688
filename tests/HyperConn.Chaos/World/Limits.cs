namespace HyperConn.Chaos.World;

/// <summary>Time-outs of the manager under test: short for servers that are away, long enough for a machine that is busy with other things.</summary>
internal static class Limits
{
    /// <summary>One open, everything included.</summary>
    public static readonly TimeSpan Acquire = TimeSpan.FromSeconds(15);

    /// <summary>One attempt to connect.</summary>
    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(3);

    /// <summary>One statement.</summary>
    public static readonly TimeSpan Command = TimeSpan.FromSeconds(5);

    /// <summary>A stop of the host.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(10);

    /// <summary>Longest a piece of work may take: an open, its statements, and as much again for a machine that is busy with other things.</summary>
    public static readonly TimeSpan Work = TimeSpan.FromSeconds(45);
}
