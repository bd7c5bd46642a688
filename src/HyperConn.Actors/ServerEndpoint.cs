using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace HyperConn;

/// <summary>Identity of one PostgreSQL server: host and port. Hosts are compared without regard to case, socket folders with it.</summary>
public readonly record struct ServerEndpoint : IComparable<ServerEndpoint>
{
    private readonly string? _host;

    /// <summary>Makes an endpoint.</summary>
    /// <param name="host">Host name, IP address (no brackets) or folder of a Unix-domain socket; names are lower-cased.</param>
    /// <param name="port">Port.</param>
    public ServerEndpoint(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        _host = host.StartsWith('/') ? host : host.ToLowerInvariant();
        Port = port;
    }

    /// <summary>Host name, IP address or socket folder; lower case but for folders. Empty only in <c>default(ServerEndpoint)</c>.</summary>
    public string Host => _host ?? "";

    /// <summary>Port.</summary>
    public int Port { get; }

    /// <summary>Reads <c>host:port</c>, as <see cref="ToString"/> writes it.</summary>
    /// <param name="text">Such as <c>pg1:5432</c>, <c>[::1]:5432</c> or <c>/var/run/postgresql:5432</c>.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="FormatException">It is none.</exception>
    public static ServerEndpoint Parse(string text) =>
        TryParse(text, out var endpoint) ? endpoint : throw new FormatException("A server is written host:port, such as pg1:5432 or [::1]:5432.");

    /// <summary>Reads <c>host:port</c>, without throwing.</summary>
    /// <param name="text">Such as <c>pg1:5432</c>, <c>[::1]:5432</c> or <c>/var/run/postgresql:5432</c>; the port is 1 to 65535.</param>
    /// <param name="endpoint">The endpoint, or <c>default</c>.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out ServerEndpoint endpoint)
    {
        endpoint = default;
        var trimmed = text.AsSpan().Trim();
        var colon = trimmed.LastIndexOf(':');
        if (colon <= 0
            || !ushort.TryParse(trimmed[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port == 0)
        {
            return false;
        }

        var host = trimmed[..colon];
        if (host is ['[', .. var address, ']'] && address.Contains(':'))
            host = address;
        else if (host.ContainsAny("[]:,") || host.ContainsAnyInRange('\0', ' '))
            return false;
        endpoint = new ServerEndpoint(host.ToString(), port);
        return true;
    }

    /// <summary>By host, then port.</summary>
    /// <param name="other">Another endpoint.</param>
    /// <returns>Less than zero when this one comes first, zero for the same.</returns>
    public int CompareTo(ServerEndpoint other)
    {
        var byHost = string.CompareOrdinal(Host, other.Host);
        return byHost != 0 ? byHost : Port.CompareTo(other.Port);
    }

    /// <summary>Whether one comes before another, by host, then port.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">Another.</param>
    public static bool operator <(ServerEndpoint left, ServerEndpoint right) => left.CompareTo(right) < 0;

    /// <summary>Whether one comes before another or is the same.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">Another.</param>
    public static bool operator <=(ServerEndpoint left, ServerEndpoint right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one comes after another, by host, then port.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">Another.</param>
    public static bool operator >(ServerEndpoint left, ServerEndpoint right) => left.CompareTo(right) > 0;

    /// <summary>Whether one comes after another or is the same.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">Another.</param>
    public static bool operator >=(ServerEndpoint left, ServerEndpoint right) => left.CompareTo(right) >= 0;

    /// <summary>Shows it as <c>host:port</c>; an IPv6 address in brackets.</summary>
    /// <returns>Text that <see cref="Parse"/> reads.</returns>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}
