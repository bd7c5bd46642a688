using System.Globalization;
using System.Text.RegularExpressions;

namespace HyperConn.TypeCatalogues;

/// <summary>Tells PostgreSQL from servers that speak its protocol: these have parameters of their own, or their name or an odd number of parts in
/// the version.</summary>
internal static partial class PostgresVersion
{
    // From this one on every domain has its array type, and nothing else is kept in rows that are not asked for.
    private const int Oldest = 11;

    // Parameters of servers that give a version of PostgreSQL's.
    private static readonly string[] ForeignParameters = ["crdb_version", "padb_version", "edb_redwood_date", "greenplum_version", "materialize_version"];

    private static readonly string[] ForeignNames = ["-YB-", "Yugabyte", "Redshift", "Greenplum", "EnterpriseDB", "Babelfish", "Cockroach", "Materialize"];

    /// <summary>Whether a server is PostgreSQL, by what it said when the connection was opened.</summary>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="version">Its version, with the packager's.</param>
    public static bool TryGet(IReadOnlyDictionary<string, string> parameters, out string version)
    {
        version = parameters.GetValueOrDefault("server_version") ?? "";
        return Plain().Match(version) is { Success: true } match
            && int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) >= Oldest
            && !ForeignParameters.Any(parameters.ContainsKey);
    }

    /// <summary>Whether a server calls itself PostgreSQL, and nothing else.</summary>
    /// <param name="name">The answer of <c>version()</c>.</param>
    public static bool IsName(string? name) =>
        name?.StartsWith("PostgreSQL ", StringComparison.Ordinal) == true
        && !ForeignNames.Any(foreign => name.Contains(foreign, StringComparison.OrdinalIgnoreCase));

    // 15.18 (Debian 15.18-0+deb12u1), 17beta2, 18devel, 16.4
    [GeneratedRegex(@"^([0-9]{1,3})(?:\.[0-9]{1,3}|devel|beta[0-9]+|rc[0-9]+)(?: \([^()]*\))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
