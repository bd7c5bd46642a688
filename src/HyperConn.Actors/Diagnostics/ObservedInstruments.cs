using System.Diagnostics.Metrics;
using HyperConn.Primitives;

namespace HyperConn.Diagnostics;

/// <summary>Instruments that read the statistics snapshot when a collector asks.</summary>
internal sealed class ObservedInstruments
{
    private readonly Meter _meter;
    private readonly IStatisticsSource? _source;
    private readonly TenantLabels _labels;

    public ObservedInstruments(Meter meter, IStatisticsSource? source, DiagnosticsOptions options)
    {
        _meter = meter;
        _source = source;
        _labels = new TenantLabels(options.MaxTenantLabels);
        Pools();
        Acquisitions();
        Secrets();
        TypeCatalogues();
        Servers();
        Circuits();
        if (options.TenantLabels)
            Tenants();
    }

    private void Pools()
    {
        UpDown("hyperconn.pool.count", "{pool}", "Pools alive, by state.", static s =>
        {
            var draining = s.Tenants.Count(t => t.State == PoolState.Draining);
            return
            [
                new(Math.Max(0, s.Pools - draining), State(PoolState.Ready)),
                new(s.PoolsResolving, State(PoolState.Resolving)),
                new(draining, State(PoolState.Draining)),
            ];
        });
        Total("hyperconn.pool.creations", "{pool}", "Pools made.", static s => s.PoolsCreated);
        Total("hyperconn.pool.failures", "{pool}", "Pools that could not be made.", static s => s.PoolsFailed);
        Totals("hyperconn.pool.evictions", "{pool}", "Pools evicted, by reason.", static s => ByReason(s.Evictions));
        Totals("hyperconn.pool.skipped_evictions", "{pool}", "Times a pool that was due was not evicted, by reason.", SkippedEvictions);
        Total("hyperconn.pool.cap_unmet", "{pool}", "Times the cap of pools was exceeded because every pool was busy.", static s => s.CapUnmet);
        UpDown("hyperconn.lease.count", "{lease}", "Leases open.", static s => [new(s.Leases)]);
        Total("hyperconn.credential.rotations", "{rotation}", "Credentials that changed under a live pool.", static s => s.Rotations);
        UpDown("hyperconn.restriction.count", "{restriction}", "Pauses and bans in force.", static s =>
        [
            .. Enum.GetValues<RestrictionKind>().Select(kind => new Measurement<long>(s.Restrictions.Count(r => r.Kind == kind), State(kind))),
        ]);
    }

    private void Acquisitions()
    {
        Totals("hyperconn.acquire.operations", "{operation}", "Connections handed out, by path.", static s =>
        [
            new(s.HotAcquisitions, Tag(HyperConnTelemetry.TagPath, "hot")),
            new(s.ProbedAcquisitions, Tag(HyperConnTelemetry.TagPath, "probe")),
            new(s.ColdAcquisitions, Tag(HyperConnTelemetry.TagPath, "cold")),
        ]);
        Total("hyperconn.acquire.probes", "{probe}", "Idle connections that were asked before they were handed out.", static s => s.Probes);
        Total("hyperconn.acquire.failures", "{operation}", "Acquisitions that ended with an error.", static s => s.FailedAcquisitions);
    }

    private void Secrets()
    {
        Total("hyperconn.secret.cache.hits", "{lookup}", "Secret look-ups answered from the cache.", static s => s.Secrets.CacheHits);
        Total("hyperconn.secret.cache.shared", "{lookup}", "Secret look-ups that joined a call under way.", static s => s.Secrets.SharedCalls);
        Total("hyperconn.secret.failures", "{lookup}", "Secret look-ups answered with a failure.", static s => s.Secrets.Failures);
        Total("hyperconn.secret.refreshes", "{refresh}", "Refreshes of cached secrets.", static s => s.Secrets.Refreshes);
        Total("hyperconn.secret.throttles", "{call}", "Times the store asked for fewer calls.", static s => s.Secrets.Throttled);
        UpDown("hyperconn.secret.cached", "{secret}", "Secrets held.", static s => [new(s.Secrets.Cached)]);
        Gauge(
            "hyperconn.secret.refresh.overdue",
            "s",
            "How long the refresh of a secret that is due and in use has not come, for the secret that waits longest; zero: none waits.",
            static s => [new(s.Secrets.RefreshOverdue.TotalSeconds)]);
    }

    private void TypeCatalogues()
    {
        UpDown("hyperconn.type_catalogue.count", "{catalogue}", "Catalogues of types in memory that pools share.", static s => [new(s.TypeCatalogues.Catalogues)]);
        UpDown("hyperconn.type_catalogue.types", "{type}", "Types in these catalogues.", static s => [new(s.TypeCatalogues.Types)]);
        Totals("hyperconn.type_catalogue.loads", "{load}", "Pools that took up their types, by where these came from.", static s =>
        [
            new(s.TypeCatalogues.Shared, Tag(HyperConnTelemetry.TagOutcome, "shared")),
            new(s.TypeCatalogues.Loaded, Tag(HyperConnTelemetry.TagOutcome, "loaded")),
            new(s.TypeCatalogues.Unshared, Tag(HyperConnTelemetry.TagOutcome, "unshared")),
        ]);
    }

    private void Servers()
    {
        UpDown("hyperconn.server.permit.limit", "{connection}", "Most connections the budget of a server allows; absent while unlimited.", static s =>
            [.. s.Servers.Where(v => v.Limit is not null).Select(v => new Measurement<long>(v.Limit!.Value, Server(v)))]);
        UpDown("hyperconn.server.permit.count", "{connection}", "Permits of a server held by pools, by state.", static s =>
            [.. s.Servers.SelectMany(v => new[]
            {
                new Measurement<long>(v.InUse, [.. Server(v), Tag(HyperConnTelemetry.TagState, "in_use")]),
                new Measurement<long>(v.IdleHeld, [.. Server(v), Tag(HyperConnTelemetry.TagState, "idle")]),
            })]);
        UpDown("hyperconn.server.waiter.count", "{caller}", "Callers that wait for a server.", static s =>
            [.. s.Servers.Select(v => new Measurement<long>(v.Waiting, Server(v)))]);
        UpDown("hyperconn.server.opening.count", "{connection}", "Physical connections being opened to a server.", static s =>
            [.. s.Servers.Select(v => new Measurement<long>(v.Opening, Server(v)))]);
        Gauge("hyperconn.server.wait.oldest", "s", "How long the longest waiting caller of a server has waited.", static s =>
            [.. s.Servers.Select(v => new Measurement<double>(v.OldestWait.TotalSeconds, Server(v)))]);
        Totals("hyperconn.server.reclaims", "{connection}", "Permits taken back from idle pools.", static s =>
            [.. s.Servers.Select(v => new Measurement<long>(v.Reclaims, Server(v)))]);
        Totals("hyperconn.server.refusals", "{refusal}", "Times a server answered that it is full (53300).", static s =>
            [.. s.Servers.Select(v => new Measurement<long>(v.Refusals, Server(v)))]);
        Totals("hyperconn.server.timeouts", "{caller}", "Callers whose deadline passed while they waited for a server.", static s =>
            [.. s.Servers.Select(v => new Measurement<long>(v.TimedOut, Server(v)))]);
    }

    private void Circuits() =>
        UpDown("hyperconn.circuit.count", "{circuit}", "Circuits that are not closed, by scope and state.", static s =>
        [
            .. CircuitsBy("server", s.Circuits.Where(c => c.Scope is CircuitScope.Server).Select(c => c.State)),
            .. CircuitsBy("secret_store", s.Circuits.Where(c => c.Scope is CircuitScope.SecretStore).Select(c => c.State)),
            .. CircuitsBy("tenant", s.Tenants.Select(t => t.Circuit)),
        ]);

    private void Tenants()
    {
        UpDown("hyperconn.tenant.lease.count", "{lease}", "Leases open, by tenant. Only with tenant labels.", s => ByTenant(s, t => t.Leases));
        UpDown("hyperconn.tenant.permit.count", "{connection}", "Permits held, by tenant. Only with tenant labels.", s => ByTenant(s, t => t.Permits));
        UpDown("hyperconn.tenant.waiter.count", "{caller}", "Callers that wait, by tenant. Only with tenant labels.", s => ByTenant(s, t => t.Waiting));
    }

    private Measurement<long>[] ByTenant(HyperConnStatistics statistics, Func<TenantSums.Sum, long> value) =>
        [.. _labels.Sums(statistics).All.Select(sum => new Measurement<long>(value(sum), sum.Label.Tags))];

    private static Measurement<long>[] SkippedEvictions(HyperConnStatistics statistics) =>
        statistics.EvictionsSkippedByReason.Count > 0
            ? ByReason(statistics.EvictionsSkippedByReason)
            : [new(statistics.EvictionsSkipped, Tag(HyperConnTelemetry.TagReason, SnakeCase.Of(EvictionSkipReason.InUse)))];

    private static Measurement<long>[] ByReason<TReason>(IReadOnlyDictionary<TReason, long> counts)
        where TReason : struct, Enum =>
        [.. Enum.GetValues<TReason>().Select(reason =>
            new Measurement<long>(counts.GetValueOrDefault(reason), Tag(HyperConnTelemetry.TagReason, SnakeCase.Of(reason))))];

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    private static KeyValuePair<string, object?> State(Enum state) => Tag(HyperConnTelemetry.TagState, SnakeCase.Of(state));

    private static Measurement<long>[] CircuitsBy(string scope, IEnumerable<CircuitState> states)
    {
        int open = 0, halfOpen = 0;
        foreach (var state in states)
        {
            open += state == CircuitState.Open ? 1 : 0;
            halfOpen += state == CircuitState.HalfOpen ? 1 : 0;
        }

        return
        [
            new(open, Tag(HyperConnTelemetry.TagScope, scope), State(CircuitState.Open)),
            new(halfOpen, Tag(HyperConnTelemetry.TagScope, scope), State(CircuitState.HalfOpen)),
        ];
    }

    private static KeyValuePair<string, object?>[] Server(ServerStatistics server) =>
        [Tag(HyperConnTelemetry.TagServerAddress, server.Server.Host), Tag(HyperConnTelemetry.TagServerPort, server.Server.Port)];

    private void Total(string name, string unit, string description, Func<HyperConnStatistics, long> read) =>
        Totals(name, unit, description, s => [new(read(s))]);

    private void Totals(string name, string unit, string description, Func<HyperConnStatistics, Measurement<long>[]> read) =>
        _meter.CreateObservableCounter(name, () => Read(read), unit, description);

    private void UpDown(string name, string unit, string description, Func<HyperConnStatistics, Measurement<long>[]> read) =>
        _meter.CreateObservableUpDownCounter(name, () => Read(read), unit, description);

    private void Gauge(string name, string unit, string description, Func<HyperConnStatistics, Measurement<double>[]> read) =>
        _meter.CreateObservableGauge(name, () => Read(read), unit, description);

    private Measurement<T>[] Read<T>(Func<HyperConnStatistics, Measurement<T>[]> read)
        where T : struct =>
        _source?.Latest is { } statistics ? read(statistics) : [];
}
