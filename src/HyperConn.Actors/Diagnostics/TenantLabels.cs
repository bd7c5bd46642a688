using System.Collections.Concurrent;

namespace HyperConn.Diagnostics;

/// <summary>Bounds how many tenants appear in metrics: the first ones seen, then <see cref="Other"/> for all the rest.</summary>
internal sealed class TenantLabels(int max)
{
    public const string Other = "other";

    private readonly ConcurrentDictionary<TenantKey, TenantLabel> _labels = new();
    private readonly TenantLabel _other = new(Other, Other);

    // ConcurrentDictionary.Count takes all its locks.
    private int _taken;
    private TenantSums? _latest;

    public TenantLabel For(TenantKey tenant)
    {
        if (_labels.TryGetValue(tenant, out var label))
            return label;
        if (Volatile.Read(ref _taken) >= max || Interlocked.Increment(ref _taken) > max)
            return _other;
        return _labels.GetOrAdd(tenant, static key => new TenantLabel(key.Service, key.Org));
    }

    /// <summary>What tenants have, added up by label: once for each snapshot, however many instruments ask.</summary>
    public TenantSums Sums(HyperConnStatistics statistics)
    {
        if (Volatile.Read(ref _latest) is { } latest && ReferenceEquals(latest.Statistics, statistics))
            return latest;
        var sums = new TenantSums(statistics);
        foreach (var tenant in statistics.Tenants)
            sums.Add(For(tenant.Tenant), tenant);
        Volatile.Write(ref _latest, sums);
        return sums;
    }
}

/// <summary>What a tenant is called in metrics. There is one object for each label.</summary>
internal sealed class TenantLabel(string service, string org)
{
    public string Service => service;

    public string Org => org;

    public KeyValuePair<string, object?>[] Tags { get; } = [new(HyperConnTelemetry.TagService, service), new(HyperConnTelemetry.TagOrg, org)];
}

/// <summary>Leases, permits and waiting callers of each label in one snapshot.</summary>
internal sealed class TenantSums(HyperConnStatistics statistics)
{
    private readonly Dictionary<TenantLabel, Sum> _sums = new(ReferenceEqualityComparer.Instance);

    public HyperConnStatistics Statistics => statistics;

    public IReadOnlyCollection<Sum> All => _sums.Values;

    public void Add(TenantLabel label, TenantStatistics tenant)
    {
        if (!_sums.TryGetValue(label, out var sum))
            _sums.Add(label, sum = new Sum(label));
        sum.Leases += tenant.Leases;
        sum.Permits += tenant.Permits;
        sum.Waiting += tenant.Waiting;
    }

    internal sealed class Sum(TenantLabel label)
    {
        public TenantLabel Label => label;

        public long Leases { get; set; }

        public long Permits { get; set; }

        public long Waiting { get; set; }
    }
}
