namespace HyperConn.Host;

/// <summary>Search, filter, sort and page over the tenants of one snapshot.</summary>
internal sealed record TenantQuery(string? Search, string? State, string? Server, string? Service, string Sort, bool Descending, int Offset, int Limit)
{
    public const int MaxLimit = 1_000;

    private static readonly Dictionary<string, Comparison<TenantView.Entry>> Orders = new(StringComparer.Ordinal)
    {
        ["name"] = TenantView.ByName,
        ["state"] = (a, b) => string.CompareOrdinal(a.State, b.State),
        ["server"] = (a, b) => string.CompareOrdinal(a.Server, b.Server),
        ["user"] = (a, b) => string.CompareOrdinal(a.Tenant.Username, b.Tenant.Username),
        ["leases"] = (a, b) => a.Tenant.Leases.CompareTo(b.Tenant.Leases),
        ["waiting"] = (a, b) => a.Tenant.Waiting.CompareTo(b.Tenant.Waiting),
        ["permits"] = (a, b) => a.Tenant.Permits.CompareTo(b.Tenant.Permits),
        ["accesses"] = (a, b) => a.Tenant.AccessCount.CompareTo(b.Tenant.AccessCount),
        ["lastUsed"] = (a, b) => a.Tenant.LastUsedAt.CompareTo(b.Tenant.LastUsedAt),
        ["created"] = (a, b) => a.Tenant.CreatedAt.CompareTo(b.Tenant.CreatedAt),
        ["secretAge"] = (a, b) => Nullable.Compare(b.Tenant.SecretFetchedAt, a.Tenant.SecretFetchedAt),
        ["failures"] = (a, b) => a.Tenant.Failures.CompareTo(b.Tenant.Failures),
    };

    public static IReadOnlyCollection<string> Sorts => Orders.Keys;

    /// <summary>What is wrong with the query, or null.</summary>
    public string? Fault() => this switch
    {
        { Offset: < 0 } => "offset must be 0 or more.",
        { Limit: < 1 or > MaxLimit } => $"limit must be 1 to {MaxLimit}.",
        { Search.Length: > 200 } => "search must be at most 200 characters.",
        { Server: { Length: > 0 } server } when !ServerEndpoint.TryParse(server, out _) => "server must be host:port, such as pg1:5432 or [::1]:5432.",
        _ when !Orders.ContainsKey(Sort) => $"sort must be one of {string.Join(", ", Orders.Keys)}.",
        { State: { } states } when states.Split(',').Any(s => !TenantView.StateLetters.ContainsKey(s)) =>
            $"state must be a comma list of {string.Join(", ", TenantView.StateLetters.Keys)}.",
        _ => null,
    };

    public TenantPage Run(TenantView view)
    {
        var found = Filter(Sort == "name" ? view.EntriesByName : view.Entries);
        if (Sort != "name")
        {
            var order = Orders[Sort];

            // Ties keep the order of names, so that rows don't dance while numbers are equal.
            found.Sort((a, b) => order(a, b) is not 0 and var by ? (Descending ? -by : by) : TenantView.ByName(a, b));
        }
        else if (Descending)
        {
            found.Reverse();
        }

        var rows = new List<TenantRow>(Math.Min(Limit, Math.Max(0, found.Count - Offset)));
        for (var i = Offset; i < found.Count && rows.Count < Limit; i++)
            rows.Add(found[i].ToRow());
        return new TenantPage(found.Count, Offset, rows);
    }

    private List<TenantView.Entry> Filter(TenantView.Entry[] entries)
    {
        var terms = Search?.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        var states = State?.Split(',');
        ServerEndpoint? server = Server is { Length: > 0 } ? ServerEndpoint.Parse(Server) : null;
        var found = new List<TenantView.Entry>(terms.Length == 0 ? entries.Length : 64);
        foreach (var entry in entries)
        {
            if (states is not null && !states.Contains(entry.State))
                continue;
            if (server is { } wanted && !entry.Tenant.Servers.Contains(wanted))
                continue;
            if (Service is { Length: > 0 } && !string.Equals(Service, entry.Tenant.Tenant.Service, StringComparison.OrdinalIgnoreCase))
                continue;
            if (Array.TrueForAll(terms, term => entry.Searchable.Contains(term, StringComparison.Ordinal)))
                found.Add(entry);
        }

        return found;
    }
}
