using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace HyperConn.ConnectionStrings;

/// <summary>The servers that credentials name: host names, addresses or socket folders, each with its port.</summary>
internal static class HostList
{
    public const int DefaultPort = 5432;

    /// <summary>Pairs libpq's comma lists of hosts and ports; null, or what is wrong with them.</summary>
    public static string? Parse(IReadOnlyDictionary<string, string> parameters, List<(string Host, int Port)> hosts)
    {
        var host = parameters.GetValueOrDefault("host", "");
        var address = parameters.GetValueOrDefault("hostaddr", "");
        if (host.Length > 0 && address.Length > 0 && host != address)
        {
            return "The parameter 'hostaddr' names another place to connect to than host, and Npgsql knows one name only. " +
                "Remove one of them.";
        }
        if (host.Length == 0)
            host = address;
        if (host.Length == 0)
            return "The host is missing. Name the server's host: there is no local default.";

        var names = host.Split(',');
        var ports = parameters.GetValueOrDefault("port", "").Split(',');
        if (ports.Length != 1 && ports.Length != names.Length)
            return "The port has another number of entries than the host. Give one for all hosts, or one for each.";

        for (var i = 0; i < names.Length; i++)
        {
            if (HostFault(names[i]) is { } hostFault)
                return hostFault;
            if (PortFault(ports.Length == 1 ? ports[0] : ports[i], out var port) is { } portFault)
                return portFault;
            hosts.Add((names[i], port));
        }
        return null;
    }

    /// <summary>Reads the host list of an Npgsql string, where each entry may carry its own port.</summary>
    public static string? ParseNpgsql(string? list, int commonPort, List<(string Host, int Port)> hosts)
    {
        if (string.IsNullOrWhiteSpace(list))
            return "The host is missing. Name the server's host: there is no local default.";
        foreach (var entry in list.Split(',', StringSplitOptions.TrimEntries))
        {
            var (host, port) = (entry, commonPort);
            if (!IsIPv6(entry) && entry.LastIndexOf(':') is > 0 and var colon)
            {
                host = entry[..colon];
                if (PortFault(entry[(colon + 1)..], out port) is { } portFault)
                    return portFault;
            }
            if (host.StartsWith('[') && host.EndsWith(']'))
                host = host[1..^1];
            if (HostFault(host) is { } hostFault)
                return hostFault;
            if (port is < 1 or > 65535)
                return "The port is not a number from 1 to 65535.";
            hosts.Add((host, port));
        }
        return null;
    }

    /// <summary>Npgsql's <c>Host</c> for several servers; a single one has its own Host and Port.</summary>
    public static string Join(IEnumerable<(string Host, int Port)> hosts)
        => string.Join(',', hosts.Select(server => IsIPv6(server.Host) ? $"[{server.Host}]:{server.Port}" : $"{server.Host}:{server.Port}"));

    private static string? HostFault(string host)
    {
        if (host.Length == 0)
            return "The host is empty, or one of the host list is. There is no local default.";
        // A socket folder, or Linux's abstract sockets.
        if (host[0] is '/' or '@')
        {
            return host.Any(c => c is ':' or Utf8Text.Replacement || char.IsControl(c)) || host.Trim() != host
                ? "The host is a socket folder whose name has a ':', a control character or a space at an end, which Npgsql can't take."
                : null;
        }
        // Names are refused here rather than by a name server: what doesn't look like a host is often the end of a password.
        return IsIPv6(host) || host.All(c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_')
            ? null
            : "The host has a character that host names don't have. If user or password hold any of @ : / ? # [ ] %, " +
              "percent-encode them in a URI (@ is %40).";
    }

    private static string? PortFault(string text, out int port)
    {
        port = DefaultPort;
        if (text.Length == 0)
            return null;
        return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= 65535
            ? null
            : "The port is not a number from 1 to 65535. If user or password hold any of @ : / ? # [ ] %, " +
              "percent-encode them in a URI (/ is %2F).";
    }

    private static bool IsIPv6(string host)
        => host.Contains(':', StringComparison.Ordinal) && host.All(c => char.IsAsciiLetterOrDigit(c) || c is ':' or '.' or '%')
            && IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;
}
