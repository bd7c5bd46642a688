using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules;

/// <summary>docs/rare-schedules.md lists the scenarios there are, within the bounds they have.</summary>
public partial class RareScheduleDocSpecs
{
    [Fact]
    public void Every_scenario_is_in_the_table_with_its_bound()
    {
        var page = File.ReadAllText(Path.Combine(Here(), "..", "..", "..", "docs", "rare-schedules.md"));
        var listed = Row().Matches(page).Select(row => (row.Groups["name"].Value, row.Groups["bound"].Value)).Order();
        Assert.Equal(RareScheduleSpecs.Names.Select(name => (name, BoundOf(name))).Order(), listed);
    }

    private static string BoundOf(string scenario) =>
        ((Scenario)Activator.CreateInstance(WovenLibrary.Named(scenario), nonPublic: true)!).Preemptions?.ToString(CultureInfo.InvariantCulture) ?? "all";

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex(@"^\| `(?<name>\w+)` \|.*\| (?<bound>all|\d+) \| [\d,]+ \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
