using System.Text.RegularExpressions;

namespace HyperConn.Tests.Architecture;

public partial class ArchitectureDocSpecs
{
    [Fact]
    public void Every_type_that_the_page_names_exists()
    {
        var page = File.ReadAllText(Path.Combine(Source.Root, "..", "..", "docs", "architecture.md"));
        var types = Source.Types.Select(type => type.Name[(type.Name.LastIndexOf('.') + 1)..]).ToHashSet(StringComparer.Ordinal);
        var named = TypeName().Matches(page).Select(match => match.Groups[1].Value).Where(name => name is not (nameof(HouseSpecs) or "HyperConn")).ToHashSet(StringComparer.Ordinal);
        Assert.True(named.Count > 30, "The page names its types in backticks.");

        // What stands on the library is seen by its files: each is named after its type.
        var beside = Directory.EnumerateDirectories(Path.Combine(Source.Root, ".."), "HyperConn.*")
            .SelectMany(project => Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories))
            .Select(file => Path.GetFileNameWithoutExtension(file));
        Assert.Empty(named.Except(types).Except(beside));
    }

    [GeneratedRegex("`([A-Z][A-Za-z]+)`")]
    private static partial Regex TypeName();
}
