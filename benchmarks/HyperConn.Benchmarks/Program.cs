using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using HyperConn.Benchmarks.Figures;
using HyperConn.Benchmarks.Measures;
using HyperConn.Benchmarks.Running;
using Spectre.Console;

Measure[] all =
[
    new HotOpen(), new HotObserved(), new ContendedOpen(), new ProbedOpen(), new SeldomTenants(), new HotLookup(), new HotAsk(), new ColdOpen(),
    new ColdProfile(), new ColdTenants(), new NewPoolAtCap(), new IdleMemory(), new OpenedMemory(), new FullServer(), new OneConnectionEach(), new SharedPool(),
    new Refresh(), new OpenCircuit(), new Scrape(), new FirstPaint(), new InboxThroughput(), new ThroughPgBouncer(), new Churn(), new EntityFramework(),
    new OverNodes(),
];
var filter = new Option<string?>("--filter") { Description = $"Only measures whose name contains this: {string.Join(", ", all.Select(m => m.Name))}" };
var rounds = new Option<int?>("--rounds") { Description = "Pairs of samples for each measure; each has its own default" };
var json = new Option<FileInfo?>("--json") { Description = "Also write the rows to this file" };
var processes = new Option<int>("--processes") { Description = "Processes that measures of nanoseconds are repeated in", DefaultValueFactory = _ => 5 };
var command = new RootCommand("Measures HyperConn against what it is promised to keep up with, as ratios in one run") { filter, rounds, processes, json };
foreach (var figures in FigureCommands.All())
    command.Subcommands.Add(figures);
command.SetAction(async (parsed, cancellationToken) =>
{
    var rows = new List<Row>();
    var chosen = all.Where(m => m.Name.Contains(parsed.GetValue(filter) ?? "", StringComparison.OrdinalIgnoreCase)).ToArray();
    foreach (var measure in chosen)
    {
        var began = Stopwatch.GetTimestamp();
        var pairs = parsed.GetValue(rounds) ?? measure.DefaultRounds;
        await Console.Error.WriteLineAsync($"{measure.Name}: {pairs} rounds …");
        var measured = measure.WantsFreshProcesses && parsed.GetValue(processes) > 1
            ? (await FreshProcesses.RunAsync(measure.Name, pairs, parsed.GetValue(processes), cancellationToken)).ToAsyncEnumerable()
            : measure.RunAsync(pairs, text => Console.Error.WriteLine($"  {text}"));
        await foreach (var row in measured.WithCancellation(cancellationToken))
        {
            rows.Add(row);
            await Console.Error.WriteLineAsync(
                FormattableString.Invariant($"  {row.Measure}: {row.Rival} / {row.Ours}, {row.Ratio:0.000} ({row.Spread}) {row.Bound} {row.Holds}"));
        }

        await Console.Error.WriteLineAsync(FormattableString.Invariant($"  took {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s"));
    }

    Print(rows);
    if (parsed.GetValue(json) is { } file)
        await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(rows, Formats.Readable), cancellationToken);
    return rows.Any(row => row.Holds == false) ? 1 : 0;
});
return await command.Parse(args).InvokeAsync();

static void Print(List<Row> rows)
{
    var table = new Table().Border(TableBorder.Markdown);
    foreach (var column in new[] { "measure", "against", "rival", "ours", "ratio", "quartiles", "bound", "holds" })
        table.AddColumn(new TableColumn(column).NoWrap());
    foreach (var row in rows)
    {
        string[] cells =
        [
            row.Measure, row.Against, row.Rival, row.Ours, row.Ratio?.ToString("0.000", CultureInfo.InvariantCulture) ?? "", row.Spread, row.Bound,
            row.Holds switch { true => "yes", false => "no", null => "" },
        ];
        table.AddRow(cells.Select(cell => new Text(cell)));
    }

    var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No });
    console.Profile.Width = 1_000;
    console.Write(table);
}

internal static class Formats
{
    public static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
