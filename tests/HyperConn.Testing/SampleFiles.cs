using System.Runtime.CompilerServices;

namespace HyperConn.Tests;

/// <summary>Where the samples are.</summary>
internal static class SampleFiles
{
    /// <summary>The folder a sample was built to, as these tests were built.</summary>
    public static string BuiltTo(string sample) =>
        // bin/Debug/net10.0 is the end of both.
        Path.Combine([SourceOf(sample), .. AppContext.BaseDirectory.TrimEnd('/').Split('/').TakeLast(3)]);

    /// <summary>The folder of its source.</summary>
    public static string SourceOf(string sample) => Path.GetFullPath(Path.Combine(Here(), "..", "..", "samples", sample));

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
