using System.Diagnostics.CodeAnalysis;

namespace HyperConn.AspNetCore.Sources;

/// <summary>The name of a host with one label, or a part of one, left open.</summary>
internal sealed class HostPattern
{
    private const string Org = "{org}";

    private readonly string _before;
    private readonly string _after;

    private HostPattern(string before, string after) => (_before, _after) = (before, after);

    /// <summary>Reads a pattern such as <c>{org}.shop.example</c>.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static HostPattern Parse(string pattern)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(pattern);
        var parts = pattern.Split(Org);
        if (parts.Length != 2)
            throw new ArgumentException("The pattern must have {org} exactly once, as in {org}.shop.example.", nameof(pattern));
        if (parts[0].Length == 0 && parts[1].Length == 0)
            throw new ArgumentException("The pattern must have more than {org}: any host would be a tenant.", nameof(pattern));
        // With the label's place taken, it must be the name of a host.
        if (Uri.CheckHostName($"{parts[0]}a{parts[1]}") != UriHostNameType.Dns)
            throw new ArgumentException("The pattern can't be the name of a host: no scheme, port or path, and no wildcard but {org}.", nameof(pattern));
        return new HostPattern(parts[0], parts[1].TrimEnd('.'));
    }

    /// <summary>The label, lower case; null where the name does not fit.</summary>
    [SuppressMessage("Globalization", "CA1308", Justification = "Names of hosts are written in lower case.")]
    public string? Match(string? host)
    {
        // The name of the root may stand at its end.
        var name = host is [.. var rooted, '.'] ? rooted : host ?? "";
        if (name.Length <= _before.Length + _after.Length
            || !name.StartsWith(_before, StringComparison.OrdinalIgnoreCase)
            || !name.EndsWith(_after, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var label = name[_before.Length..^_after.Length];
        return label.Contains('.', StringComparison.Ordinal) ? null : label.ToLowerInvariant();
    }
}
