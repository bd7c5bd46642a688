using System.Net;
using System.Net.Sockets;

namespace HyperConn.Host;

/// <summary>Counts wrong tokens by the peer that sent them, so that guessing is slowed down. Thread-safe.</summary>
internal sealed class BadTokens(TimeProvider clock)
{
    /// <summary>Wrong tokens of one peer in a window; then it is told to wait.</summary>
    public const int Most = 10;

    private const int MostPeers = 10_000;
    private const int PrefixBytes = 8;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, (DateTimeOffset Since, int Count)> _peers = [];

    /// <summary>Counts one more.</summary>
    /// <returns>Whether the peer has sent too many.</returns>
    public bool Add(IPAddress? peer)
    {
        var key = KeyOf(peer ?? IPAddress.None);
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            if (_peers.Count >= MostPeers)
                Forget(now);
            var seen = _peers.TryGetValue(key, out var known) && now - known.Since <= Window ? known with { Count = known.Count + 1 } : (now, 1);
            _peers[key] = seen;
            return seen.Item2 > Most;
        }
    }

    // Who has a network of IPv6 has 2^64 addresses.
    private static IPAddress KeyOf(IPAddress peer)
    {
        if (peer.IsIPv4MappedToIPv6)
            return peer.MapToIPv4();
        if (peer.AddressFamily != AddressFamily.InterNetworkV6)
            return peer;
        var bytes = peer.GetAddressBytes();
        Array.Clear(bytes, PrefixBytes, bytes.Length - PrefixBytes);
        return new IPAddress(bytes);
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (peer, seen) in _peers)
        {
            if (now - seen.Since > Window)
                _peers.Remove(peer);
        }

        // A storm from everywhere: bounded memory matters more than whom it forgets.
        if (_peers.Count >= MostPeers)
            _peers.Clear();
    }
}
