using System.Globalization;
using System.Text.Json;

namespace HyperConn.Benchmarks.Running;

/// <summary>
/// The same measure in several processes one after the other. The just-in-time compiler lays code out a little differently each time, which
/// moves a ratio of nanoseconds by some percent either way: the middle process speaks for all.
/// </summary>
internal static class FreshProcesses
{
    /// <summary>Runs a measure in so many processes; each row is the one of the process with the median ratio.</summary>
    public static async Task<IReadOnlyList<Row>> RunAsync(string measure, int rounds, int processes, CancellationToken cancellationToken)
    {
        var runs = new List<Row[]>();
        for (var i = 0; i < processes; i++)
            runs.Add(await RunOneAsync(measure, rounds, cancellationToken));
        return [.. Enumerable.Range(0, runs[0].Length).Select(place => Middle([.. runs.Select(run => run[place])]))];
    }

    private static Row Middle(Row[] rows)
    {
        // What has no ratio must hold in each.
        if (rows[0].Ratio is null)
            return Array.Find(rows, row => row.Holds == false) ?? rows[0];
        var sorted = rows.OrderBy(row => row.Ratio).ToArray();
        return sorted[sorted.Length / 2] with
        {
            Spread = string.Create(
                CultureInfo.InvariantCulture, $"{sorted[0].Ratio:0.000}–{sorted[^1].Ratio:0.000}, medians of {sorted.Length} processes"),
        };
    }

    private static async Task<Row[]> RunOneAsync(string measure, int rounds, CancellationToken cancellationToken)
    {
        var file = Path.GetTempFileName();
        try
        {
            await OwnProcess.RunAsync(
                ["--filter", measure, "--rounds", rounds.ToString(CultureInfo.InvariantCulture), "--processes", "1", "--json", file], cancellationToken);
            await using var json = File.OpenRead(file);
            return await JsonSerializer.DeserializeAsync<Row[]>(json, cancellationToken: cancellationToken)
                ?? throw new InvalidOperationException($"{measure} said nothing.");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
