namespace HyperConn.Events;

/// <summary>A spool folder and how it is read.</summary>
/// <param name="Folder">The folder.</param>
internal sealed record SpoolOptions(string Folder)
{
    /// <summary>How often it is looked into.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest line, in bytes.</summary>
    public int MaxLineBytes { get; init; } = DefaultMaxLineBytes;

    /// <summary>How often progress is made durable.</summary>
    public TimeSpan SaveInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest line unless told otherwise.</summary>
    public const int DefaultMaxLineBytes = 1 << 20;
}
