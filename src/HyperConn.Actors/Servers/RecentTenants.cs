namespace HyperConn.Servers;

/// <summary>A set of tenants that keeps the latest: one more than it has room for takes the place of the one that was added longest ago. Not thread-safe.</summary>
internal sealed class RecentTenants(int most)
{
    private readonly Dictionary<TenantKey, LinkedListNode<TenantKey>> _places = [];
    private readonly LinkedList<TenantKey> _order = [];

    public int Count => _places.Count;

    public bool Contains(TenantKey tenant) => _places.ContainsKey(tenant);

    /// <summary>Adds a tenant; one that is there already counts as added now.</summary>
    public void Add(TenantKey tenant)
    {
        if (_places.TryGetValue(tenant, out var place))
            _order.Remove(place);
        else if (_places.Count == most)
            Remove(_order.First!.Value);
        _places[tenant] = _order.AddLast(tenant);
    }

    public void AddAll(RecentTenants others)
    {
        foreach (var tenant in others._order)
            Add(tenant);
    }

    public void Remove(TenantKey tenant)
    {
        if (_places.Remove(tenant, out var place))
            _order.Remove(place);
    }

    public void Clear()
    {
        _places.Clear();
        _order.Clear();
    }
}
