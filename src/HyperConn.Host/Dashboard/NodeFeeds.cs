namespace HyperConn.Host;

/// <summary>
/// Who is looked at: this process, whose feed always runs, or all nodes of the cluster or another one, whose feeds run while somebody looks.
/// </summary>
/// <param name="own">This process's feed.</param>
/// <param name="nodes">The nodes; null: this process is alone.</param>
/// <param name="make">Makes a feed.</param>
/// <param name="clock">The clock.</param>
internal sealed class NodeFeeds(DashboardFeed own, IHyperConnNodes? nodes, Func<IStatisticsSource, DashboardFeed> make, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>The name of all nodes together.</summary>
    public const string All = "all";

    /// <summary>The name of the node that is asked.</summary>
    public const string This = "this";

    /// <summary>How long a feed runs that nobody reads: longer than a page that reconnects takes.</summary>
    public static readonly TimeSpan KeepUnread = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan ListAge = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, DashboardFeed> _feeds = new(StringComparer.Ordinal);
    private (Task<NodesOverview> Listing, long At)? _list;

    public DashboardFeed Own => own;

    /// <summary>Finds whom a request is about.</summary>
    /// <param name="node"><see cref="All"/>, <see cref="This"/>, null for the same, or an address.</param>
    /// <returns>The feed; null: there is no such node.</returns>
    public DashboardFeed? Find(string? node)
    {
        if (string.IsNullOrEmpty(node) || node == This || node == nodes?.Self || (node == All && nodes is not { Addresses.Count: > 0 }))
            return own;
        if (nodes is null || (node != All && !nodes.Addresses.Contains(node)))
            return null;
        lock (_gate)
        {
            EndUnread();
            if (!_feeds.TryGetValue(node, out var feed))
            {
                _feeds.Add(node, feed = make(new NodesSource(nodes, node == All ? null : node, clock)));
                _ = feed.StartAsync(CancellationToken.None);
            }

            return feed;
        }
    }

    /// <summary>The nodes, asked at most once a second however many look.</summary>
    public async Task<NodeList> ListAsync(CancellationToken cancellationToken)
    {
        if (nodes is null)
            return NodeList.Alone;
        Task<NodesOverview> listing;
        lock (_gate)
        {
            EndUnread();
            if (_list is not { } list || (list.Listing.IsCompleted && clock.GetElapsedTime(list.At) > ListAge))
                _list = list = (nodes.GetNodesAsync(CancellationToken.None), clock.GetTimestamp());
            listing = list.Listing;
        }

        return NodeList.Of(await listing.WaitAsync(cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        List<DashboardFeed> feeds;
        lock (_gate)
        {
            feeds = [.. _feeds.Values];
            _feeds.Clear();
        }

        foreach (var feed in feeds)
            await EndAsync(feed);
    }

    // They end by themselves; here they are only let go.
    private void EndUnread()
    {
        foreach (var (node, feed) in _feeds.Where(pair => pair.Value.IsUnread).ToList())
        {
            _feeds.Remove(node);
            _ = EndAsync(feed);
        }
    }

    private static async Task EndAsync(DashboardFeed feed)
    {
        await feed.StopAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        feed.Dispose();
    }
}
