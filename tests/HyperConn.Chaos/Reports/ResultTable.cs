using System.Globalization;
using HyperConn.Chaos.Rounds;
using Spectre.Console;

namespace HyperConn.Chaos.Reports;

/// <summary>What a run came to, for people.</summary>
internal static class ResultTable
{
    private const int Shown = 12;

    /// <summary>Prints it.</summary>
    public static void Print(ChaosRun run, ChaosOptions options)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No });
        console.Profile.Width = 180;
        var faults = new Table().Border(TableBorder.Markdown).AddColumns("fault", "times", "slowest recovery of its storms", "errors it explains");
        foreach (var fault in run.Journal.Windows.GroupBy(window => window.Fault).OrderBy(fault => fault.Key, StringComparer.Ordinal))
        {
            var slowest = run.Rounds.Where(round => round.Faults.Contains(fault.Key)).Select(round => round.Recovery).DefaultIfEmpty().Max();
            var explained = run.Journal.Errors.Explained.Where(error => error.Key.Fault == fault.Key).OrderByDescending(error => error.Value);
            faults.AddRow(
                new Text(fault.Key),
                new Text($"{fault.Count()}"),
                new Text(slowest.TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture)),
                new Text(string.Join(", ", explained.Select(error => $"{error.Value} {error.Key.Class}"))));
        }

        console.Write(faults);
        var oracles = new Table().Border(TableBorder.Markdown).AddColumns("oracle", "observations", "findings");
        foreach (var oracle in run.Journal.Oracles)
            oracles.AddRow(new Text(oracle.Name), new Text(oracle.Observations.ToString("#,0", CultureInfo.InvariantCulture)), new Text($"{oracle.Found}"));
        console.Write(oracles);
        foreach (var (endpoint, (samples, most, above)) in run.Journal.Budget.Totals)
            Console.WriteLine(FormattableString.Invariant($"{endpoint}: {samples:#,0} samples, at most {most} sessions, {above} samples above the limit"));
        foreach (var oracle in run.Journal.Oracles.Where(oracle => oracle.Found > 0))
        {
            foreach (var finding in oracle.Findings.Take(Shown))
                Console.WriteLine(FormattableString.Invariant($"FINDING {oracle.Name} at {finding.At.TotalSeconds:0.0} s: {finding.What}"));
            if (oracle.Found > Shown)
                Console.WriteLine($"FINDING {oracle.Name}: and {oracle.Found - Shown} more");
        }

        if (run.Blind.Count > 0)
            Console.WriteLine($"These oracles saw nothing: {string.Join(", ", run.Blind)}");
        Console.WriteLine(FormattableString.Invariant(
            $"{(run.IsSound ? "passed" : "FAILED")}: seed {options.Seed}, {run.Rounds.Count} rounds, {run.Journal.Done:#,0} pieces of work done, {run.Journal.Failures:#,0} failed"));
    }
}
