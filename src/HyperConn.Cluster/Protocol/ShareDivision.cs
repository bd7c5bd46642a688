namespace HyperConn.Cluster.Protocol;

/// <summary>What one node could use of a server.</summary>
/// <param name="Held">Permits it has.</param>
/// <param name="Need">Permits in use or waited for.</param>
internal readonly record struct ShareClaim(int Held, int Need);

/// <summary>Divides a server's connections among nodes: equal shares for all that need them, and what one doesn't need serves the others.</summary>
internal static class ShareDivision
{
    /// <summary>The shares there should be. Their sum is at most <paramref name="capacity"/>.</summary>
    /// <param name="capacity">Connections there are for these nodes.</param>
    /// <param name="claims">The nodes, in an order that does not change from call to call: odd ones go to the first.</param>
    /// <param name="isAlone">Whether there is nobody else who could come to need any: then all is given at once.</param>
    public static int[] Divide(int capacity, IReadOnlyList<ShareClaim> claims, bool isAlone)
    {
        var left = Math.Max(0, capacity);

        // One for everybody first, so that a node can begin and can count others' sessions; where there are fewer than nodes, who has one keeps it.
        var shares = Level(claims.Count, ref left, place => Math.Min(1, claims[place].Held));
        Add(shares, Level(claims.Count, ref left, place => Math.Min(1, claims[place].Need) - shares[place]));
        Add(shares, Level(claims.Count, ref left, place => 1 - shares[place]));
        Add(shares, Level(claims.Count, ref left, place => claims[place].Need - shares[place]));
        Add(shares, Level(claims.Count, ref left, place => Math.Max(claims[place].Need, claims[place].Held) - shares[place]));

        // What nobody needs now is spread, so that a burst need not ask, and some is kept, so that who asks gets some at once.
        var parts = isAlone ? claims.Count : claims.Count + 1;
        if (claims.Count > 0)
        {
            var part = left / parts;
            for (var place = 0; place < shares.Length; place++)
                shares[place] += part;
        }

        return shares;
    }

    /// <summary>Gives each what it wants, up to a level that is the same for all whom it doesn't suffice.</summary>
    private static int[] Level(int count, ref int left, Func<int, int> wants)
    {
        var given = new int[count];
        var open = Enumerable.Range(0, count).Where(place => wants(place) > 0).ToList();
        while (open.Count > 0 && left > 0)
        {
            var part = Math.Max(1, left / open.Count);
            foreach (var place in open)
            {
                var more = Math.Min(Math.Min(part, wants(place) - given[place]), left);
                given[place] += more;
                left -= more;
            }

            open.RemoveAll(place => given[place] >= wants(place));
        }

        return given;
    }

    private static void Add(int[] shares, int[] more)
    {
        for (var place = 0; place < shares.Length; place++)
            shares[place] += more[place];
    }
}
