using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using HyperConn.Tests.Dashboard;

namespace HyperConn.Tests.Docs;

/// <summary>What docs/grafana-dashboard.json and the alerts of docs/operations.md ask for is in a scrape of a host that has worked.</summary>
public sealed partial class ScrapedNamesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // Prometheus adds these when it scrapes.
    private static readonly string[] OfPrometheus = ["job", "instance"];

    // What a first scrape may be without, on a busy machine.
    private static readonly string[] Latest =
        ["hyperconn_server_permit_limit", "hyperconn_secret_refresh_overdue_seconds", "hyperconn_acquire_duration_seconds_bucket"];

    private static string Docs { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs"));

    [SkippableFact]
    public async Task Every_metric_label_and_value_asked_for_is_scraped()
    {
        var asked = Queries().Concat(Alerts()).ToList();
        Assert.True(asked.Count > 25, $"Only {asked.Count} expressions were found.");
        await using var manager = await RealManager.StartAsync(postgres, 3, o => o.Pools.MaxPools = 2);
        foreach (var tenant in manager.Tenants)
            await manager.UseAsync(tenant.Key);
        await Assert.ThrowsAsync<HyperConnException>(() => manager.UseAsync(TenantKey.Create("core", "nobody-knows")));
        IReadOnlyList<Series> scraped = [];
        await RealManager.UntilAsync(async () =>
        {
            scraped = await ScrapeAsync(manager);
            return Array.TrueForAll(Latest, name => scraped.Any(s => s.Name == name));
        });

        var faults = new List<string>();
        foreach (var (expression, legend) in asked)
            faults.AddRange(Faults(expression, legend, scraped).Select(fault => $"{fault} in {expression}"));

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private static IEnumerable<string> Faults(string expression, string? legend, IReadOnlyList<Series> scraped)
    {
        var selectors = Selector().Matches(Grouping().Replace(expression, ""));
        if (selectors.Count == 0)
            yield return "no metric";
        foreach (Match selector in selectors)
        {
            var series = scraped.Where(s => s.Name == selector.Groups["name"].Value).ToList();
            if (series.Count == 0)
            {
                yield return $"no series of {selector.Groups["name"].Value}";
                continue;
            }

            foreach (Match matcher in Matcher().Matches(selector.Groups["matchers"].Value))
            {
                var (label, value) = (matcher.Groups["label"].Value, matcher.Groups["value"].Value);
                if (!OfPrometheus.Contains(label) && !series.Any(s => s.Labels.GetValueOrDefault(label) == value))
                    yield return $"no {label}=\"{value}\"";
            }

            foreach (var label in Grouping().Matches(expression).SelectMany(m => m.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)).Where(l => l != "le"))
            {
                if (!series.Exists(s => s.Labels.ContainsKey(label)))
                    yield return $"no label {label}";
            }
        }

        var grouped = Grouping().Matches(expression).SelectMany(m => m.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)).ToList();
        foreach (var label in Legend().Matches(legend ?? "").Select(m => m.Groups[1].Value).Where(l => !grouped.Contains(l)))
            yield return $"the legend's {label} is not kept";
    }

    private static IEnumerable<(string Expression, string? Legend)> Queries()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Docs, "grafana-dashboard.json")));
        return
        [
            .. json.RootElement.GetProperty("panels").EnumerateArray()
                .Where(p => p.TryGetProperty("targets", out _))
                .SelectMany(p => p.GetProperty("targets").EnumerateArray())
                .Select(t => (t.GetProperty("expr").GetString()!, t.TryGetProperty("legendFormat", out var legend) ? legend.GetString() : null)),
            .. json.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray()
                .Where(v => v.GetProperty("type").GetString() == "query")
                .Select(v => (v.GetProperty("query").GetString()!, (string?)null)),
        ];
    }

    private static IEnumerable<(string Expression, string? Legend)> Alerts() =>
        Alert().Matches(File.ReadAllText(Path.Combine(Docs, "operations.md"))).Select(m => (m.Groups[1].Value, (string?)null));

    private static async Task<IReadOnlyList<Series>> ScrapeAsync(RealManager manager) =>
        [.. (await manager.Http.GetStringAsync(new Uri("metrics", UriKind.Relative))).Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => Sample().Match(line))
            .Select(m => new Series(m.Groups["name"].Value, Matcher().Matches(m.Groups["labels"].Value).ToDictionary(l => l.Groups["label"].Value, l => l.Groups["value"].Value)))];

    private sealed record Series(string Name, IReadOnlyDictionary<string, string> Labels);

    private static string Here([CallerFilePath] string path = "") => path;

    // A metric stands outside of braces and groupings, where the labels are.
    [GeneratedRegex(@"(?<![\w{,""])(?<name>hyperconn_[a-z_]+)(?:\{(?<matchers>[^}]*)\})?")]
    private static partial Regex Selector();

    [GeneratedRegex(@"(?<label>[a-z_]+)(?:=~?)""(?<value>[^""]*)""")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\bby\s*\(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Legend();

    [GeneratedRegex(@"^\| `((?:hyperconn_|increase\()[^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Alert();

    [GeneratedRegex(@"^(?<name>\w+)(?:\{(?<labels>.*)\})? ")]
    private static partial Regex Sample();
}
