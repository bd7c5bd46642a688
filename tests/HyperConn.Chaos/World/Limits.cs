namespace HyperConn.Chaos.World;

/// <summary>Time-outs of the manager under test; short, so that a run sees many of them.</summary>
internal static class Limits
{
    /// <summary>One open, everything included.</summary>
    public static readonly TimeSpan Acquire = TimeSpan.FromSeconds(8);

    /// <summary>One attempt to connect.</summary>
    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(2);

    /// <summary>One statement.</summary>
    public static readonly TimeSpan Command = TimeSpan.FromSeconds(4);

    /// <summary>A stop of the host.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(10);

    /// <summary>Longest a piece of work may take: an open, its statements, and as much again for a machine that is busy with other things.</summary>
    public static readonly TimeSpan Work = TimeSpan.FromSeconds(45);
}
