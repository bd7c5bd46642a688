using System.Collections.Concurrent;

namespace HyperConn;

/// <summary>Bounds how many tenants appear in metrics: the first ones by name, then <see cref="Other"/> for all the rest.</summary>
internal sealed class TenantLabels(int most)
{
    public const string Other = "other";

    private static readonly TenantLabel OtherLabel = new(Other, Other);
    private readonly ConcurrentDictionary<TenantKey, TenantLabel> _labels = new();

    public TenantLabel For(TenantKey tenant)
    {
        if (_labels.TryGetValue(tenant, out var label))
            return label;

        // Two readers at once may exceed the bound by one; time series are bounded all the same.
        if (_labels.Count >= most)
            return OtherLabel;
        return _labels.GetOrAdd(tenant, static key => new TenantLabel(key.Service, key.Org));
    }
}

/// <summary>What a tenant is called in metrics.</summary>
internal readonly record struct TenantLabel(string Service, string Org);
