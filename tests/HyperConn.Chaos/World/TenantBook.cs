using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.World;

/// <summary>The tenants there are, by site. Some are asked for more than others, as everywhere.</summary>
internal sealed class TenantBook
{
    private readonly Lock _gate = new();
    private readonly ChaosTenant[][] _bySite = [.. Enum.GetValues<Site>().Select(_ => Array.Empty<ChaosTenant>())];

    private readonly List<ChaosTenant> _gone = [];

    public IReadOnlyList<ChaosTenant> All => [.. Enum.GetValues<Site>().SelectMany(At)];

    public IReadOnlyList<ChaosTenant> At(Site site) => Volatile.Read(ref _bySite[(int)site]);

    /// <summary>Tenants that share an organisation's secret.</summary>
    public IReadOnlyList<ChaosTenant> OfOrg(string org) => [.. All.Where(tenant => tenant.Key.Org == org)];

    public ChaosTenant? Find(TenantKey key) => All.FirstOrDefault(tenant => tenant.Key == key);

    /// <summary>Adds tenants; the newest are asked for most.</summary>
    public void Add(IEnumerable<ChaosTenant> tenants)
    {
        lock (_gate)
        {
            foreach (var site in tenants.GroupBy(tenant => tenant.Site))
                Volatile.Write(ref _bySite[(int)site.Key], [.. site, .. _bySite[(int)site.Key]]);
        }
    }

    public void Remove(ChaosTenant tenant)
    {
        lock (_gate)
        {
            Volatile.Write(ref _bySite[(int)tenant.Site], [.. _bySite[(int)tenant.Site].Where(other => other != tenant)]);
            _gone.Add(tenant);
        }
    }

    /// <summary>Tenants removed since this was last asked.</summary>
    public IReadOnlyList<ChaosTenant> TakeGone()
    {
        lock (_gate)
        {
            ChaosTenant[] gone = [.. _gone];
            _gone.Clear();
            return gone;
        }
    }

    /// <summary>Any tenant of a site; the first ones more often than the last.</summary>
    public ChaosTenant Pick(Site site, Random random)
    {
        var tenants = At(site);
        return tenants[(int)(tenants.Count * Math.Pow(random.NextDouble(), 2.5))];
    }

    /// <summary>Some tenants, other ones each time, as a fault's targets; none that another fault may delete meanwhile.</summary>
    public IReadOnlyList<ChaosTenant> Some(Random random, int count, Func<ChaosTenant, bool>? which = null)
    {
        var tenants = All.Where(tenant => !tenant.IsPassing && which?.Invoke(tenant) != false).ToArray();
        return [.. Enumerable.Range(0, count).Select(_ => tenants[(int)(tenants.Length * Math.Pow(random.NextDouble(), 2))]).Distinct()];
    }
}
