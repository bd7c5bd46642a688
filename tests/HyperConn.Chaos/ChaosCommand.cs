using System.CommandLine;
using System.Security.Cryptography;
using HyperConn.Chaos.Faults;
using HyperConn.Chaos.Rounds;

namespace HyperConn.Chaos;

/// <summary>The command line.</summary>
internal sealed class ChaosCommand
{
    /// <summary>Runs from here on are long ones, with 1,000 tenants.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromMinutes(3);

    public const int TenantsOfLong = 1_000;
    public const int TenantsOfShort = 120;
    private const int FewestTenants = 15;
    private const int MostTenants = 10_000;

    private readonly Option<int?> _seed = new("--seed") { Description = "Decides which faults happen, when and to whom; without it, a random one" };
    private readonly Option<double?> _minutes = new("--minutes") { Description = "How long it lasts" };
    private readonly Option<double?> _seconds = new("--seconds") { Description = "How long it lasts, in seconds; 90 unless --minutes is given" };
    private readonly Option<int?> _tenants = new("--tenants")
    {
        Description = $"How many tenants, {FewestTenants} to {MostTenants}; {TenantsOfLong} in runs of {Long.TotalMinutes} minutes or more, otherwise {TenantsOfShort}",
    };

    private readonly Option<string?> _only = new("--only")
    {
        Description = $"Only these faults, with commas between them: {string.Join(", ", Catalogue.All.Select(fault => fault.Name))}",
    };

    private readonly Option<FileInfo?> _report = new("--report") { Description = "File for the report, as JSON" };
    private readonly Option<FileInfo?> _picture = new("--picture") { Description = "File for the picture, as SVG" };

    public ChaosCommand()
    {
        Root = new RootCommand("Lets faults happen to real servers while many tenants work, and checks what must hold")
        {
            _seed, _minutes, _seconds, _tenants, _only, _report, _picture,
        };
        Root.Validators.Add(result =>
        {
            if (result.GetValue(_minutes) is not null && result.GetValue(_seconds) is not null)
                result.AddError("Give --minutes or --seconds, not both.");
            if (Duration(result.GetValue(_minutes), result.GetValue(_seconds)) is var duration && !(duration > 0 && duration <= 86_400))
                result.AddError("A run lasts more than zero seconds and at most a day.");
            if (result.GetValue(_tenants) is < FewestTenants or > MostTenants)
                result.AddError($"--tenants is {FewestTenants} to {MostTenants}.");
            var unknown = Names(result.GetValue(_only)).Except(Catalogue.All.Select(fault => fault.Name)).ToArray();
            if (unknown.Length > 0)
                result.AddError($"There is no fault '{string.Join("', '", unknown)}'. There are {string.Join(", ", Catalogue.All.Select(fault => fault.Name))}.");
        });
    }

    public RootCommand Root { get; }

    /// <summary>What was asked for.</summary>
    public ChaosOptions Read(ParseResult parsed)
    {
        var duration = TimeSpan.FromSeconds(Duration(parsed.GetValue(_minutes), parsed.GetValue(_seconds)));
        return new ChaosOptions(
            parsed.GetValue(_seed) ?? RandomNumberGenerator.GetInt32(int.MaxValue),
            duration,
            parsed.GetValue(_tenants) ?? (duration >= Long ? TenantsOfLong : TenantsOfShort),
            Names(parsed.GetValue(_only)),
            parsed.GetValue(_report),
            parsed.GetValue(_picture));
    }

    private static double Duration(double? minutes, double? seconds) => minutes * 60 ?? seconds ?? 90;

    private static string[] Names(string? only) =>
        (only ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
