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
        Assert.Empty(named.Except(types));
    }

    [GeneratedRegex("`([A-Z][A-Za-z]+)`")]
    private static partial Regex TypeName();
}
