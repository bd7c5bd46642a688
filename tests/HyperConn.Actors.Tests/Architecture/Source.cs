using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace HyperConn.Tests.Architecture;

/// <summary>The source of the library: which type is declared in which file, and how long each is.</summary>
internal static partial class Source
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
           let text = string.Join('\n', file.Value)
           let space = Namespace().Match(text).Groups[1].Value
           from Match declared in Declaration().Matches(text)
           let arity = declared.Groups[2].Value is { Length: > 0 } list ? $"`{list.Count(letter => letter == ',') + 1}" : ""
           select ($"{space}.{declared.Groups[1].Value}{arity}", file.Key),
    ];

    /// <summary>The folder of a file; empty: the root.</summary>
    public static string RoomOf(string file) => file.Contains('/', StringComparison.Ordinal) ? file[..file.IndexOf('/', StringComparison.Ordinal)] : "";

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^(?:public|internal) (?:static |sealed |abstract |readonly |partial )*(?:record struct|record|class|struct|interface|enum) (\w+)(?:<([^>]*)>)?", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
