namespace HyperConn.Benchmarks.Figures;

/// <summary>What one contender's process is told to do.</summary>
internal sealed record FigurePlan
{
    /// <summary>Most sessions on the server, over all tenants.</summary>
    public const int Budget = 60;

    /// <summary>Callers at once.</summary>
    public const int Workers = 32;

    /// <summary>Opens a second under the Zipf load; they begin when they are due, however long the earlier ones take.</summary>
    public const int OpensPerSecond = 30;

    /// <summary>Caps of live pools that the churn is measured at, where there are at least twice as many tenants.</summary>
    public static readonly IReadOnlyList<int> Caps = [50, 500, 5_000];

    /// <summary>One of <see cref="Contenders"/>.</summary>
    public required string Contender { get; init; }

    /// <summary>The tenants.</summary>
    public required IReadOnlyList<FigureTenant> Tenants { get; init; }

    /// <summary>How long the Zipf load lasts; the churn lasts a third of it at each cap.</summary>
    public required int Seconds { get; init; }
}

/// <summary>A tenant, as its secret has it.</summary>
/// <param name="Org">Organisation.</param>
/// <param name="User">What <c>current_user</c> must answer.</param>
/// <param name="Uri">Where the contender connects to: the server, or the pooler before it.</param>
internal sealed record FigureTenant(string Org, string User, string Uri);

/// <summary>What one contender did with so many tenants.</summary>
internal sealed record FigureResult
{
    public required string Contender { get; init; }

    public required int Tenants { get; init; }

    /// <summary>Figures by name (<see cref="FigureNames"/>).</summary>
    public required IReadOnlyDictionary<string, double> Values { get; init; }

    /// <summary>Failed opens by phase, then by SQLSTATE or kind. A phase without any is not in it.</summary>
    public required IReadOnlyDictionary<string, Dictionary<string, int>> Errors { get; init; }

    /// <summary>Connections whose user was another tenant's.</summary>
    public int WrongTenants { get; init; }
}

/// <summary>Who is compared.</summary>
internal static class Contenders
{
    public const string HyperConn = "HyperConn";
    public const string Dictionary = "Npgsql in a dictionary";
    public const string Pooler = "Npgsql through PgBouncer";
    public const string Node = "hyperconn-pg";

    public static readonly IReadOnlyList<string> All = [HyperConn, Dictionary, Pooler, Node];
}

/// <summary>Names of the figures; <c>figures.mjs</c> writes the same.</summary>
internal static class FigureNames
{
    public const string FirstAnswers = "first answers of all, s";
    public const string Median = "open p50, ms";
    public const string P99 = "open p99, ms";
    public const string P999 = "open p99.9, ms";
    public const string Managed = "managed memory, MB";
    public const string Unopened = "managed memory, no pool opened, MB";
    public const string WorkingSet = "working set, MB";
    public const string Pools = "live pools";
    public const string Drain = "drain, s";
    public const string Statistics = "statistics, ms";
    public const string Scrape = "scrape, ms";
    public const string Overview = "dashboard snapshot, ms";

    public static string Churn(int cap) => FormattableString.Invariant($"pools a second at cap {cap}");
}
