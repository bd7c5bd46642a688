using System.Collections.Frozen;
using System.Text.Json;

namespace HyperConn.Host;

/// <summary>A statistics snapshot made ready for search, sorting and paging: states worked out, texts lower-cased once.</summary>
internal sealed class TenantView
{
    public static readonly FrozenDictionary<string, char> StateLetters = new Dictionary<string, char>
    {
        ["busy"] = 'b',
        ["idle"] = 'i',
        ["resolving"] = 'r',
        ["draining"] = 'd',
        ["failing"] = 'f',
        ["waiting"] = 'w',
        ["paused"] = 'p',
        ["banned"] = 'x',
    }.ToFrozenDictionary();

    private readonly Lazy<Entry[]> _byName;
    private SecretRow[]? _secrets;

    public TenantView(HyperConnStatistics statistics)
    {
        Statistics = statistics;
        var restrictions = new Restrictions(statistics.Restrictions);
        Entries = new Entry[statistics.Tenants.Count];
        for (var i = 0; i < Entries.Length; i++)
        {
            var tenant = statistics.Tenants[i];
            var restriction = restrictions.For(tenant);
            Entries[i] = new Entry(tenant, StateOf(tenant, restriction), restriction);
        }

        _byName = new Lazy<Entry[]>(() =>
        {
            var sorted = (Entry[])Entries.Clone();
            Array.Sort(sorted, ByName);
            return sorted;
        });
    }

    public HyperConnStatistics Statistics { get; }

    /// <summary>Secrets in use; grouped at the first ask.</summary>
    public IReadOnlyList<SecretRow> Secrets(string project) => _secrets ??= SecretRows.Group(Statistics, project);

    public Entry[] Entries { get; }

    /// <summary>Entries by service, then organisation; sorted at the first use.</summary>
    public Entry[] EntriesByName => _byName.Value;

    public static int ByName(Entry left, Entry right)
    {
        var byService = string.CompareOrdinal(left.Tenant.Tenant.Service, right.Tenant.Tenant.Service);
        return byService != 0 ? byService : string.CompareOrdinal(left.Tenant.Tenant.Org, right.Tenant.Tenant.Org);
    }

    public IReadOnlyDictionary<string, int> CountByState()
    {
        var counts = StateLetters.Keys.ToDictionary(state => state, _ => 0);
        foreach (var entry in Entries)
            counts[entry.State]++;
        return counts;
    }

    public TenantMap Map() => new(Entries.Length, string.Create(Entries.Length, EntriesByName, static (letters, entries) =>
    {
        for (var i = 0; i < letters.Length; i++)
            letters[i] = StateLetters[entries[i].State];
    }));

    private static string StateOf(TenantStatistics tenant, OperatorRestriction? restriction) => tenant switch
    {
        _ when restriction is { Kind: RestrictionKind.Banned } => "banned",
        _ when restriction is not null => "paused",
        { LastFailure: not null } => "failing",
        { State: PoolState.Resolving } => "resolving",
        { State: PoolState.Draining } => "draining",
        { Waiting: > 0 } => "waiting",
        { Leases: > 0 } => "busy",
        _ => "idle",
    };

    /// <summary>One tenant, its state as shown, and the pause or ban that concerns it.</summary>
    internal sealed class Entry(TenantStatistics tenant, string state, OperatorRestriction? restriction)
    {
        private string? _searchable;
        private string? _server;

        public TenantStatistics Tenant => tenant;

        public string State => state;

        public OperatorRestriction? Restriction => restriction;

        /// <summary>Its servers for people, <c>host:port</c>, joined by commas; null: none known.</summary>
        public string? Server => _server ??= tenant.Servers.Count > 0 ? string.Join(',', tenant.Servers) : null;

        public string Searchable => _searchable ??=
            $"{tenant.Tenant.Service}/{tenant.Tenant.Org} {tenant.Username} {tenant.Database} {Server} {tenant.LastFailure?.Code}".ToLowerInvariant();

        public TenantRow ToRow() => new(
            tenant.Tenant.Service,
            tenant.Tenant.Org,
            state,
            Server,
            tenant.Username,
            tenant.Database,
            tenant.CreatedAt,
            tenant.LastUsedAt,
            tenant.AccessCount,
            tenant.Leases,
            tenant.OldestLease?.TotalSeconds,
            tenant.NotEvicted is { } kept ? JsonNamingPolicy.CamelCase.ConvertName(kept.ToString()) : null,
            tenant.Permits,
            tenant.Waiting,
            tenant.SecretVersion,
            tenant.SecretFetchedAt,
            tenant.SecretStaleAt,
            tenant.Generation,
            tenant.DrainingGenerations,
            tenant.Failures,
            tenant.LastFailure?.Code.ToString(),
            tenant.LastFailure?.Message,
            tenant.LastFailure?.RetryAt,
            restriction?.By,
            restriction?.Reason,
            restriction?.Until);
    }

    /// <summary>Finds the restriction of a tenant: bans beat pauses, the narrower beats the wider.</summary>
    private sealed class Restrictions
    {
        private readonly Dictionary<TenantKey, OperatorRestriction> _tenants = [];
        private readonly Dictionary<ServerEndpoint, OperatorRestriction> _servers = [];
        private readonly OperatorRestriction? _all;

        public Restrictions(IReadOnlyList<OperatorRestriction> all)
        {
            foreach (var restriction in all.OrderBy(r => r.Kind))
            {
                switch (restriction.Target)
                {
                    case OperatorTarget.Tenant tenant:
                        _tenants[tenant.Key] = restriction;
                        break;
                    case OperatorTarget.Server server:
                        _servers[server.Endpoint] = restriction;
                        break;
                    default:
                        _all = restriction;
                        break;
                }
            }
        }

        public OperatorRestriction? For(TenantStatistics tenant)
        {
            OperatorRestriction? found = null;
            void Consider(OperatorRestriction? candidate)
            {
                if (candidate is not null && (found is null || candidate.Kind > found.Kind))
                    found = candidate;
            }

            if (_tenants.Count > 0)
                Consider(_tenants.GetValueOrDefault(tenant.Tenant));
            if (_servers.Count > 0)
            {
                foreach (var server in tenant.Servers)
                    Consider(_servers.GetValueOrDefault(server));
            }

            Consider(_all);
            return found;
        }
    }
}
