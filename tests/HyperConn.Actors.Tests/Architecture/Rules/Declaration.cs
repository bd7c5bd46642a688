using System.Text.RegularExpressions;

namespace HyperConn.Tests.Architecture;

/// <summary>A type as one file declares it.</summary>
/// <param name="Name">Its full name, nested ones with their outer types, generic ones with their arity.</param>
/// <param name="File">The file, as path below the root of the library.</param>
/// <param name="Indent">Spaces before it; 0: not nested.</param>
/// <param name="First">The index of the line that names it.</param>
/// <param name="Last">The index of the line that ends it.</param>
/// <param name="IsPartial">Whether other files, or source generators, may add to it.</param>
internal sealed partial record Declaration(string Name, string File, int Indent, int First, int Last, bool IsPartial)
{
    /// <summary>Lines from its name to its end.</summary>
    public int Length => Last - First + 1;

    /// <summary>The types a file declares, outer ones before those they hold. Relies on the layout that the formatter checks.</summary>
    public static IReadOnlyList<Declaration> In(string file, string[] lines)
    {
        var space = lines.Select(line => Namespace().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value ?? "";
        var found = new List<Declaration>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (Head().Match(lines[i]) is not { Success: true } head)
                continue;
            var (indent, parameters) = (head.Groups["indent"].Length, head.Groups["parameters"].Value);
            var arity = parameters.Length > 0 ? $"`{parameters.Count(letter => letter == ',') + 1}" : "";
            var outer = found.LastOrDefault(type => type.Indent < indent && type.Last > i);
            var name = $"{(outer is null ? $"{space}." : $"{outer.Name}/")}{head.Groups["name"].Value}{arity}";
            var isPartial = head.Groups["modifier"].Captures.Any(modifier => modifier.Value == "partial");
            found.Add(new Declaration(name, file, indent, i, EndOfType(lines, i, indent), isPartial));
        }

        return found;
    }

    private static int EndOfType(string[] lines, int first, int indent)
    {
        var (open, close) = (new string(' ', indent) + "{", new string(' ', indent) + "}");
        for (var (i, opened) = (first, false); i < lines.Length; i++)
        {
            opened |= lines[i] == open;
            if (opened ? lines[i].StartsWith(close, StringComparison.Ordinal) : lines[i].EndsWith(';') || lines[i].EndsWith('}'))
                return i;
        }

        return lines.Length - 1;
    }

    [GeneratedRegex(@"^namespace ([\w.]+)")]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^(?<indent> *)"
        + @"(?:(?<modifier>public|internal|private|protected|file|static|sealed|abstract|readonly|unsafe|new|ref|partial) )+"
        + @"(?:(?:record struct|record class|record|class|struct|interface|enum) |delegate .+ (?=\w+(?:<[^>]*>)?\())"
        + @"(?<name>\w+)(?:<(?<parameters>[^>]*)>)?")]
    private static partial Regex Head();
}
