using System.Text.Encodings.Web;
using System.Text.Json;
using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Rounds;

namespace HyperConn.Chaos.Reports;

/// <summary>What a run came to, for programs.</summary>
internal sealed record ChaosReport(
    int Seed,
    double Seconds,
    int Tenants,
    long Done,
    long Failed,
    bool IsSound,
    IReadOnlyList<ReportedOracle> Oracles,
    IReadOnlyList<ReportedRound> Rounds,
    IReadOnlyList<ReportedFault> Faults,
    IReadOnlyList<ReportedError> Errors,
    IReadOnlyList<ReportedEndpoint> Endpoints,
    Resources? FirstCalm,
    Resources? LastCalm,
    IReadOnlyDictionary<string, int> LogEvents)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ChaosReport Of(ChaosRun run, ChaosOptions options)
    {
        var journal = run.Journal;
        return new ChaosReport(
            options.Seed,
            (RunClock.Now - run.Began).TotalSeconds,
            options.Tenants,
            journal.Done,
            journal.Failures,
            run.IsSound,
            [.. journal.Oracles.Select(oracle => new ReportedOracle(oracle.Name, oracle.Watches, oracle.Observations, oracle.Found, oracle.Findings))],
            [.. run.Rounds.Select(round => new ReportedRound(round.Number, round.Faults, round.Recovery.TotalSeconds))],
            [.. journal.Windows.Select(window => new ReportedFault(window.Fault, window.What, window.Begun.TotalSeconds, window.Ended?.TotalSeconds))],
            [.. journal.Errors.Explained.OrderBy(error => error.Key).Select(error => new ReportedError(error.Key.Fault, error.Key.Class, error.Value))],
            [.. journal.Budget.Totals.Select(total => new ReportedEndpoint(total.Key, total.Value.Samples, total.Value.Most, total.Value.Above))],
            journal.Baseline.First,
            journal.Baseline.Last,
            run.Log.Counts);
    }

    public string ToJson() => JsonSerializer.Serialize(this, Readable);
}

/// <summary>An oracle's observations and findings.</summary>
internal sealed record ReportedOracle(string Name, string Watches, long Observations, int Found, IReadOnlyList<Finding> Findings);

/// <summary>A round, and how long it took after its storm until everything worked again.</summary>
internal sealed record ReportedRound(int Number, IReadOnlyList<string> Faults, double RecoverySeconds);

/// <summary>A fault that happened.</summary>
internal sealed record ReportedFault(string Fault, string What, double Begun, double? Ended);

/// <summary>Errors of a class that a fault explains.</summary>
internal sealed record ReportedError(string Fault, string Class, long Count);

/// <summary>Sessions counted at an endpoint.</summary>
internal sealed record ReportedEndpoint(string Endpoint, long Samples, int Most, long SamplesAboveTheLimit);
