namespace HyperConn.Host;

/// <summary>Works out what an operator should look at first, worst first, bounded.</summary>
internal static class AttentionList
{
    private const int MostOfAKind = 5;

    public static IReadOnlyList<Attention> Of(HyperConnStatistics statistics, TimeSpan leakThreshold)
    {
        var items = new List<Attention>();
        foreach (var circuit in statistics.Circuits.Where(c => c.State != CircuitState.Closed).Take(MostOfAKind))
        {
            var server = (circuit.Scope as CircuitScope.Server)?.Endpoint;
            items.Add(new Attention(
                "critical",
                server is null ? "Secret store fails" : $"Server {server} fails",
                circuit.Failure.Message,
                null,
                null,
                server?.ToString(),
                false));
        }

        foreach (var server in statistics.Servers.Where(s => s.Waiting > 0 && s.Limit is { } limit && s.InUse >= limit).OrderByDescending(s => s.OldestWait).Take(MostOfAKind))
        {
            items.Add(new Attention(
                server.OldestWait > TimeSpan.FromSeconds(5) ? "critical" : "warning",
                $"Budget of {server.Server} is spent",
                $"{server.InUse} of {server.Limit} in use, {server.Waiting} waiting, the longest for {server.OldestWait.TotalSeconds:0.0} s.",
                null,
                null,
                server.Server.ToString(),
                false));
        }

        Failures(statistics, items);
        foreach (var tenant in statistics.Tenants.Where(t => leakThreshold > TimeSpan.Zero && t.OldestLease > leakThreshold).OrderByDescending(t => t.OldestLease).Take(MostOfAKind))
        {
            items.Add(new Attention(
                "warning",
                $"{tenant.Tenant} holds a lease for {tenant.OldestLease!.Value.TotalMinutes:0} min",
                "It keeps its pool from being evicted. Look for a connection that is never disposed.",
                tenant.Tenant.Service,
                tenant.Tenant.Org,
                null,
                false));
        }

        foreach (var restriction in statistics.Restrictions.Take(4 * MostOfAKind))
        {
            var tenant = (restriction.Target as OperatorTarget.Tenant)?.Key;
            var target = restriction.Target.ToString();
            items.Add(new Attention(
                "notice",
                $"{char.ToUpperInvariant(target![0])}{target[1..]} {(restriction.Target is OperatorTarget.All ? "are" : "is")} {restriction.Kind.ToString().ToLowerInvariant()}",
                $"{restriction.Reason} — {restriction.By}{(restriction.Until is { } until ? $", until {until:u}" : "")}",
                tenant?.Service,
                tenant?.Org,
                (restriction.Target as OperatorTarget.Server)?.Endpoint.ToString(),
                restriction.Target is OperatorTarget.All));
        }

        return items;
    }

    private static void Failures(HyperConnStatistics statistics, List<Attention> items)
    {
        var failing = statistics.Tenants.Where(t => t.LastFailure is not null).OrderByDescending(t => t.Failures).ToList();
        foreach (var tenant in failing.Take(MostOfAKind))
        {
            items.Add(new Attention(
                "warning",
                $"{tenant.Tenant} fails: {tenant.LastFailure!.Code}",
                tenant.LastFailure.Message,
                tenant.Tenant.Service,
                tenant.Tenant.Org,
                null,
                false));
        }

        if (failing.Count > MostOfAKind)
            items.Add(new Attention("warning", $"{failing.Count - MostOfAKind} more tenants fail", "See Tenants, state failing.", null, null, null, false));
    }
}
