using System.Diagnostics;

namespace HyperConn.Benchmarks.Running;

/// <summary>Medians of paired rounds: what each side took, and the ratio of ours to the rival's within a round.</summary>
/// <param name="Rival">Median of the rival.</param>
/// <param name="Ours">Median of ours.</param>
/// <param name="Ratio">Median of the rounds' ratios.</param>
/// <param name="Low">First quartile of the ratios.</param>
/// <param name="High">Third quartile of the ratios.</param>
/// <param name="Rounds">Pairs measured.</param>
internal sealed record Comparison(double Rival, double Ours, double Ratio, double Low, double High, int Rounds)
{
    /// <summary>
    /// Runs both sides in turn, who begins changing every round, so that what else the machine does falls on both alike.
    /// </summary>
    /// <param name="rounds">Pairs to measure.</param>
    /// <param name="rival">One sample of the rival, in any unit.</param>
    /// <param name="ours">One sample of ours, in the same unit.</param>
    /// <param name="warmUp">Pairs run before, and not counted.</param>
    public static async Task<Comparison> RunAsync(int rounds, Func<Task<double>> rival, Func<Task<double>> ours, int warmUp = 1)
    {
        var (rivals, mine, ratios) = (new List<double>(rounds), new List<double>(rounds), new List<double>(rounds));
        for (var round = -warmUp; round < rounds; round++)
        {
            double a, b;
            if ((round & 1) == 0)
                (a, b) = (await rival(), await ours());
            else
                (b, a) = (await ours(), await rival());
            if (round < 0)
                continue;
            rivals.Add(a);
            mine.Add(b);
            ratios.Add(b / a);
        }

        return new Comparison(
            Quantile(rivals, 0.5), Quantile(mine, 0.5), Quantile(ratios, 0.5), Quantile(ratios, 0.25), Quantile(ratios, 0.75), rounds);
    }

    /// <summary>The same for two pieces of work that are repeated many times in a sample; in nanoseconds a repetition.</summary>
    /// <param name="rounds">Pairs to measure.</param>
    /// <param name="repetitions">Repetitions in a sample; short samples (a millisecond or so) dodge most of what else the machine does.</param>
    /// <param name="rival">Does the rival's work so many times.</param>
    /// <param name="ours">Does ours so many times.</param>
    public static async Task<Comparison> RunNanosecondsAsync(int rounds, int repetitions, Func<int, Task> rival, Func<int, Task> ours)
    {
        // Until the tiered compiler has seen enough of both, and has had time to make the best of it.
        var until = Stopwatch.GetTimestamp() + (2 * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < until)
        {
            await rival(repetitions);
            await ours(repetitions);
            await Task.Delay(5);
        }

        return await RunAsync(rounds, () => TimeAsync(rival), () => TimeAsync(ours), warmUp: 10);

        async Task<double> TimeAsync(Func<int, Task> work)
        {
            var began = Stopwatch.GetTimestamp();
            await work(repetitions);
            return Stopwatch.GetElapsedTime(began).TotalNanoseconds / repetitions;
        }
    }

    public static double Quantile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        return sorted[(int)Math.Round((sorted.Length - 1) * share)];
    }
}
