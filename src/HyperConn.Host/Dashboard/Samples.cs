namespace HyperConn.Host;

/// <summary>Numbers of one snapshot, with rates against the one before.</summary>
internal static class Samples
{
    public static Sample Of(HyperConnStatistics now, HyperConnStatistics? last)
    {
        var seconds = last is null ? 0 : (now.TakenAt - last.TakenAt).TotalSeconds;
        double Rate(long current, long? before) => seconds > 0 ? Math.Round(Math.Max(0, current - before.GetValueOrDefault()) / seconds, 2) : 0;

        // One unlimited server makes the sum unlimited.
        int? limit = now.Servers.Count > 0 && now.Servers.All(s => s.Limit is not null) ? now.Servers.Sum(s => s.Limit!.Value) : null;
        return new Sample(
            now.TakenAt,
            now.Pools,
            now.Leases,
            now.Servers.Sum(s => s.Waiting),
            now.Servers.Count > 0 ? Math.Round(now.Servers.Max(s => s.OldestWait).TotalSeconds, 3) : 0,
            Rate(now.HotAcquisitions, last?.HotAcquisitions),
            Rate(now.ColdAcquisitions, last?.ColdAcquisitions),
            Rate(now.FailedAcquisitions, last?.FailedAcquisitions),
            now.Servers.Sum(s => s.InUse),
            now.Servers.Sum(s => s.IdleHeld),
            limit);
    }

    public static Totals TotalsOf(TenantView view)
    {
        var s = view.Statistics;
        return new Totals(
            s.Pools,
            s.PoolsResolving,
            s.Tenants.Count(t => t.State == PoolState.Draining),
            s.Leases,
            s.HotAcquisitions,
            s.ColdAcquisitions,
            s.FailedAcquisitions,
            s.PoolsCreated,
            s.PoolsFailed,
            s.Evictions.ToDictionary(e => e.Key.ToString(), e => e.Value),
            s.EvictionsSkippedByReason.Count > 0
                ? s.EvictionsSkippedByReason.ToDictionary(e => e.Key.ToString(), e => e.Value)
                : new Dictionary<string, long> { [nameof(EvictionSkipReason.InUse)] = s.EvictionsSkipped },
            s.CapUnmet,
            s.Rotations,
            s.Secrets.StoreCalls,
            s.Secrets.CacheHits,
            s.Secrets.Cached,
            view.CountByState());
    }
}

/// <summary>Servers as the page shows them: budget, circuit and restriction in one row.</summary>
internal static class ServerRows
{
    public static IReadOnlyList<ServerNow> Of(HyperConnStatistics statistics)
    {
        var circuits = new Dictionary<ServerEndpoint, CircuitStatistics>();
        foreach (var circuit in statistics.Circuits)
        {
            if (circuit.Scope is CircuitScope.Server server)
                circuits[server.Endpoint] = circuit;
        }

        var restricted = statistics.Restrictions
            .Where(r => r.Target is OperatorTarget.Server)
            .GroupBy(r => ((OperatorTarget.Server)r.Target).Endpoint)
            .ToDictionary(g => g.Key, g => g.Max(r => r.Kind).ToString().ToLowerInvariant());
        return [.. statistics.Servers.OrderBy(s => s.Server).Select(s =>
        {
            var circuit = circuits.GetValueOrDefault(s.Server);
            return new ServerNow(
                s.Server.ToString(),
                s.Limit,
                s.InUse,
                s.IdleHeld,
                s.Waiting,
                Math.Round(s.OldestWait.TotalSeconds, 3),
                s.Opening,
                s.Reclaims,
                s.Refusals,
                s.TimedOut,
                s.Pools,
                (circuit?.State ?? CircuitState.Closed).ToString().ToLowerInvariant(),
                circuit?.Failure.Message,
                circuit?.Failure.RetryAt,
                restricted.GetValueOrDefault(s.Server));
        })];
    }
}

/// <summary>Secrets in use, one row for each organisation. Values are not in the statistics, so they can't show.</summary>
internal static class SecretRows
{
    public static SecretPage Of(TenantView view, string project, string? search, string sort, bool descending, int offset, int limit)
    {
        IEnumerable<SecretRow> rows = view.Secrets(project);
        if (search is { Length: > 0 })
            rows = rows.Where(r => r.Name.Contains(search, StringComparison.OrdinalIgnoreCase));
        var found = rows.ToList();
        Comparison<SecretRow> order = sort switch
        {
            "age" => (a, b) => Nullable.Compare(b.FetchedAt, a.FetchedAt),
            "refresh" => (a, b) => Nullable.Compare(a.StaleAt, b.StaleAt),
            "failures" => (a, b) => a.Failures.CompareTo(b.Failures),
            _ => (a, b) => string.CompareOrdinal(a.Name, b.Name),
        };
        found.Sort((a, b) => order(a, b) is not 0 and var by ? (descending ? -by : by) : string.CompareOrdinal(a.Name, b.Name));
        return new SecretPage(found.Count, offset, found.GetRange(Math.Min(offset, found.Count), Math.Clamp(found.Count - offset, 0, limit)));
    }

    public static SecretRow[] Group(HyperConnStatistics statistics, string project) =>
    [
        .. statistics.Tenants
            .GroupBy(t => t.Tenant.Org, StringComparer.Ordinal)
            .Select(org =>
            {
                var newest = org.MaxBy(t => t.SecretFetchedAt ?? DateTimeOffset.MinValue)!;
                var worst = org.MaxBy(t => t.Failures)!;
                return new SecretRow(
                    project.Length > 0 ? $"{project}-{org.Key}" : org.Key,
                    org.Key,
                    [.. org.Select(t => t.Tenant.Service).Order(StringComparer.Ordinal)],
                    newest.SecretVersion,
                    newest.SecretFetchedAt,
                    newest.SecretStaleAt,
                    org.Count(),
                    worst.Failures,
                    worst.LastFailure?.Code.ToString());
            }),
    ];
}
