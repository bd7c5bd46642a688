using System.Globalization;

namespace HyperConn.Configuration;

/// <summary>What the settings of a server's budget must satisfy together, beyond the range of each.</summary>
internal static class BudgetRules
{
    /// <summary>Lists every fault; empty: none.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="maxPools">Most pools at once, which may all be on one server; null: not known.</param>
    public static IReadOnlyList<string> Validate(ServerOptions options, int? maxPools = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = new List<string>();
        if (options.Reserve > 0 && options.FloorPerTenant == 0)
        {
            faults.Add(
                "Servers.Reserve is kept for tenants below their floor, but Servers.FloorPerTenant is 0: set a floor, or no reserve.");
        }
        // In auto the limit is known only when the server has been asked; the budget then warns.
        if (options.MaxConnections is { } limit and not ServerOptions.Unlimited)
            faults.AddRange(FaultsWithin(limit, options, maxPools));
        return faults;
    }

    /// <summary>Whether floors and reserve fit into a limit that was not known at start.</summary>
    public static IEnumerable<string> FaultsWithin(int limit, ServerOptions options, int? maxPools)
    {
        var needed = (long)options.FloorPerTenant * (maxPools ?? 0);
        if (options.FloorPerTenant > limit)
        {
            yield return Text($"Servers.FloorPerTenant ({options.FloorPerTenant}) exceeds the server's limit of {limit} connections.");
        }
        else if (needed > limit)
        {
            yield return Text(
                $"Servers.FloorPerTenant ({options.FloorPerTenant}) for each of Pools.MaxPools ({maxPools}) needs {needed} connections, but the server's limit is {limit}.");
        }
        if (options.Reserve >= limit)
        {
            yield return Text($"Servers.Reserve ({options.Reserve}) leaves nothing of the server's limit of {limit} connections.");
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
