using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace HyperConn.Tests.Docs;

/// <summary>docs/operations.md says what the code does. With HYPERCONN_UPDATE_DOCS=1 the tables are written anew instead.</summary>
public sealed partial class OperationsDocTests
{
    private static string Docs { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs"));

    public static TheoryData<string> Tables => [.. ReferenceTables.All.Keys];

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Each_table_is_as_the_code_has_it(string table)
    {
        var path = Path.Combine(Docs, "operations.md");
        var (begin, end) = ($"<!-- table {table} -->\n", $"<!-- end {table} -->");
        var text = await File.ReadAllTextAsync(path);
        var expected = ReferenceTables.All[table]();
        var (from, to) = (text.IndexOf(begin, StringComparison.Ordinal) + begin.Length, text.IndexOf(end, StringComparison.Ordinal));
        Assert.True(from >= begin.Length && to >= from, $"docs/operations.md has no place for the table '{table}'.");
        if (Environment.GetEnvironmentVariable("HYPERCONN_UPDATE_DOCS") == "1")
            await File.WriteAllTextAsync(path, text[..from] + expected + text[to..]);
        else if (text[from..to] != expected)
            Assert.Fail($"The table '{table}' of docs/operations.md is not as the code has it. Run this test with HYPERCONN_UPDATE_DOCS=1.\n{FirstDifference(text[from..to], expected)}");
    }

    [Fact]
    public void No_two_log_events_share_an_id()
    {
        var ids = ReferenceTables.All["log-events"]().Split('\n').Skip(2).Select(row => row.Split('|').ElementAtOrDefault(1)?.Trim()).Where(id => id is not null).ToList();

        Assert.Empty(ids.GroupBy(id => id).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    [Fact]
    public async Task The_grafana_dashboard_asks_for_metrics_that_exist()
    {
        var labels = new[] { "hyperconn_path", "hyperconn_state", "hyperconn_scope", "hyperconn_reason", "hyperconn_outcome" };
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Docs, "grafana-dashboard.json")));
        var asked = json.RootElement.GetProperty("panels").EnumerateArray()
            .Where(p => p.TryGetProperty("targets", out _))
            .SelectMany(p => p.GetProperty("targets").EnumerateArray())
            .SelectMany(t => MetricName.Matches(t.GetProperty("expr").GetString()!).Select(m => m.Value))
            .Distinct()
            .Except(labels)
            .ToList();
        var known = MetricRow.Matches(ReferenceTables.All["metrics"]()).Select(m => m.Groups[1].Value.Replace('.', '_')).ToList();

        Assert.True(asked.Count > 10);
        Assert.All(asked, name => Assert.Contains(known, k => name.StartsWith(k, StringComparison.Ordinal)));
    }

    [GeneratedRegex("hyperconn_[a-z_]+")]
    private static partial Regex MetricName { get; }

    [GeneratedRegex("`(hyperconn[a-z_.]+)`")]
    private static partial Regex MetricRow { get; }

    private static string FirstDifference(string actual, string expected)
    {
        var (a, b) = (actual.Split('\n'), expected.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(a.Length, b.Length)).First(i => a.ElementAtOrDefault(i) != b.ElementAtOrDefault(i));
        return $"it has: {a.ElementAtOrDefault(line)}\nthe code: {b.ElementAtOrDefault(line)}";
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
