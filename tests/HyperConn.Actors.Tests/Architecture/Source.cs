using System.Runtime.CompilerServices;

namespace HyperConn.Tests.Architecture;

/// <summary>The source of the library: which type is declared in which file.</summary>
internal static class Source
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", "src", "HyperConn.Actors"));

    /// <summary>Every file written by hand, as path below the root, with its lines.</summary>
    public static IReadOnlyDictionary<string, string[]> Files { get; } = Directory.EnumerateFiles(Root, "*.cs", SearchOption.AllDirectories)
        .Select(path => (Path: Path.GetRelativePath(Root, path).Replace('\\', '/'), Lines: File.ReadAllLines(path)))
        .Where(file => !file.Path.StartsWith("obj/", StringComparison.Ordinal) && !file.Path.StartsWith("bin/", StringComparison.Ordinal))
        .ToDictionary(file => file.Path, file => file.Lines, StringComparer.Ordinal);

    /// <summary>The top-level types: full name (generic ones with their arity), and file.</summary>
    public static IReadOnlyList<(string Name, string File)> Types { get; } =
    [
        .. from file in Files
           from declared in Declaration.In(file.Key, file.Value)
           where declared.Indent == 0
           select (declared.Name, declared.File),
    ];

    /// <summary>The folder of a file; empty: the root.</summary>
    public static string RoomOf(string file) => file.Contains('/', StringComparison.Ordinal) ? file[..file.IndexOf('/', StringComparison.Ordinal)] : "";

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
