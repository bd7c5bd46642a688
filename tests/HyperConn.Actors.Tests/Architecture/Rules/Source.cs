using System.Runtime.CompilerServices;

namespace HyperConn.Tests.Architecture;

/// <summary>The source of a library: which type is declared in which file.</summary>
internal static class Source
{
    public static string Root { get; } = RootOf("HyperConn.Actors");

    /// <summary>Every file of the library itself.</summary>
    public static IReadOnlyDictionary<string, string[]> Files { get; } = FilesOf("HyperConn.Actors");

    /// <summary>Its types.</summary>
    public static IReadOnlyList<(string Name, string File)> Types { get; } = TypesIn(Files);

    /// <summary>Every file of a project written by hand, as path below its root, with its lines.</summary>
    public static IReadOnlyDictionary<string, string[]> FilesOf(string project)
    {
        var root = RootOf(project);
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: Path.GetRelativePath(root, path).Replace('\\', '/'), Lines: File.ReadAllLines(path)))
            .Where(file => !file.Path.StartsWith("obj/", StringComparison.Ordinal) && !file.Path.StartsWith("bin/", StringComparison.Ordinal))
            .ToDictionary(file => file.Path, file => file.Lines, StringComparer.Ordinal);
    }

    /// <summary>The top-level types: full name (generic ones with their arity), and file.</summary>
    public static IReadOnlyList<(string Name, string File)> TypesIn(IReadOnlyDictionary<string, string[]> files) =>
    [
        .. from file in files
           from declared in Declaration.In(file.Key, file.Value)
           where declared.Indent == 0
           select (declared.Name, declared.File),
    ];

    /// <summary>The folder of a file; empty: the root.</summary>
    public static string RoomOf(string file) => file.Contains('/', StringComparison.Ordinal) ? file[..file.IndexOf('/', StringComparison.Ordinal)] : "";

    private static string RootOf(string project) => Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", "..", "src", project));

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
