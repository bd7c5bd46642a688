using System.Diagnostics.CodeAnalysis;

namespace HyperConn.Pools;

/// <summary>The pools there are, those being made and those that wait for room included: by tenant, and by organisation.</summary>
internal sealed class PoolRegistry
{
    private readonly Dictionary<TenantKey, PoolEntry> _entries = [];
    private readonly Dictionary<string, List<PoolEntry>> _byOrg = new(StringComparer.Ordinal);

    public int Count => _entries.Count;

    /// <summary>Organisations that have a pool.</summary>
    public int Orgs => _byOrg.Count;

    public IReadOnlyCollection<PoolEntry> All => _entries.Values;

    public PoolEntry? Find(TenantKey tenant) => _entries.GetValueOrDefault(tenant);

    public bool TryFind(TenantKey tenant, [MaybeNullWhen(false)] out PoolEntry entry) => _entries.TryGetValue(tenant, out entry);

    /// <summary>Whether an entry is the tenant's, not an earlier one.</summary>
    public bool Has(PoolEntry entry) => ReferenceEquals(_entries.GetValueOrDefault(entry.Tenant), entry);

    public IReadOnlyList<PoolEntry> OfOrg(string org) => _byOrg.TryGetValue(org, out var entries) ? entries : [];

    public void Add(PoolEntry entry)
    {
        _entries.Add(entry.Tenant, entry);
        if (!_byOrg.TryGetValue(entry.Tenant.Org, out var entries))
            _byOrg.Add(entry.Tenant.Org, entries = new List<PoolEntry>(1));
        entries.Add(entry);
    }

    public void Remove(PoolEntry entry)
    {
        if (!Has(entry))
            return;
        _entries.Remove(entry.Tenant);
        if (_byOrg.TryGetValue(entry.Tenant.Org, out var entries) && entries.Remove(entry) && entries.Count == 0)
            _byOrg.Remove(entry.Tenant.Org);
    }

    public void Clear()
    {
        _entries.Clear();
        _byOrg.Clear();
    }
}
