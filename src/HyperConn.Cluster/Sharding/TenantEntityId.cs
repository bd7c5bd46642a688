using System.Globalization;
using System.Text;

namespace HyperConn.Cluster.Sharding;

/// <summary>
/// A tenant as text, for names of actors: the service's length, the service, the organisation, with dots between them. The length makes it one to one,
/// whatever characters the parts have.
/// </summary>
internal static class TenantEntityId
{
    // FNV-1a with 64 bits.
    private const ulong Offset = 14_695_981_039_346_656_037;
    private const ulong Prime = 1_099_511_628_211;

    public static string Of(TenantKey tenant) =>
        string.Create(CultureInfo.InvariantCulture, $"{tenant.Service.Length}.{tenant.Service}.{tenant.Org}");

    /// <summary>The tenant that a text stands for.</summary>
    /// <returns>False: it is no text of <see cref="Of"/>.</returns>
    public static bool TryParse(string text, out TenantKey tenant)
    {
        tenant = default;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot > 0
            && int.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && text.Length - dot - 2 > length
            && text[dot + 1 + length] == '.'
            && TenantKey.TryCreate(text.Substring(dot + 1, length), text[(dot + length + 2)..], out tenant)
            && Of(tenant) == text;
    }

    /// <summary>The shard of a tenant: the same in every process and version.</summary>
    public static string ShardOf(string entityId, int shards)
    {
        var hash = Offset;
        foreach (var part in Encoding.UTF8.GetBytes(entityId))
            hash = (hash ^ part) * Prime;

        // The lower bits alone are not well mixed.
        return ((hash ^ (hash >> 32)) % (ulong)shards).ToString(CultureInfo.InvariantCulture);
    }
}
