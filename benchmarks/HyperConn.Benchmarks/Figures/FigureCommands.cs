using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace HyperConn.Benchmarks.Figures;

/// <summary>The commands that measure by the number of tenants, and draw what was measured.</summary>
internal static class FigureCommands
{
    public static IReadOnlyList<Command> All() => [Measure(), Draw(), Child()];

    private static Command Measure()
    {
        var tenants = new Option<string>("--tenants") { Description = "Numbers of tenants, by commas", DefaultValueFactory = _ => "100,1000,10000" };
        var only = new Option<string?>("--only") { Description = $"Only contenders whose name contains this: {string.Join(", ", Contenders.All)}" };
        var seconds = new Option<int>("--seconds") { Description = "How long the Zipf load lasts", DefaultValueFactory = _ => 60 };
        var json = new Option<FileInfo>("--json")
        {
            Description = "File for the results; what is in it of other runs stays",
            DefaultValueFactory = _ => new FileInfo("figures.json"),
        };
        var command = new Command("figures", "Measures HyperConn and its rivals with 100, 1,000 and 10,000 tenants: about 45 minutes") { tenants, only, seconds, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int[] counts = [.. parsed.GetValue(tenants)!.Split(',').Select(count => int.Parse(count, CultureInfo.InvariantCulture))];
            string[] contenders =
                [.. Contenders.All.Where(name => name.Contains(parsed.GetValue(only) ?? "", StringComparison.OrdinalIgnoreCase))];
            foreach (var count in counts)
                await FigureBench.RunAsync(count, contenders, parsed.GetValue(seconds), parsed.GetValue(json)!, cancellationToken);
        });
        return command;
    }

    private static Command Draw()
    {
        var json = new Option<FileInfo>("--json") { Description = "The results", DefaultValueFactory = _ => new FileInfo("figures.json") };
        var into = new Option<DirectoryInfo>("--into") { Description = "Folder for the pictures", DefaultValueFactory = _ => new DirectoryInfo("docs/images") };
        var command = new Command("draw", "Draws the results of 'figures' as SVG, and prints them as a table") { json, into };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var results = await FigureBench.ReadAsync(parsed.GetValue(json)!, cancellationToken);
            FigureCharts.Draw(results, parsed.GetValue(into)!);
            Console.Write(FigureTable.Of(results));
        });
        return command;
    }

    private static Command Child()
    {
        var plan = new Argument<FileInfo>("plan");
        var result = new Argument<FileInfo>("result");
        var command = new Command("figures-of-one", "One contender, in a process of its own") { plan, result };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var text = parsed.GetValue(plan)!.OpenRead();
            var told = await JsonSerializer.DeserializeAsync<FigurePlan>(text, cancellationToken: cancellationToken)
                ?? throw new InvalidOperationException("There is no plan.");
            var done = await FigureRun.RunAsync(told);
            await File.WriteAllTextAsync(parsed.GetValue(result)!.FullName, JsonSerializer.Serialize(done), cancellationToken);
        });
        return command;
    }
}
