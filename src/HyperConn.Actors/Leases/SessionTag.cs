using System.Text;

namespace HyperConn.Leases;

/// <summary>
/// Says in <c>application_name</c> which process a session belongs to, so that others can count a process's sessions at the server when the
/// process can't be asked any more.
/// </summary>
internal static class SessionTag
{
    // PostgreSQL manual, 20.8 (application_name): longer names are cut off at NAMEDATALEN - 1 bytes, which would take the tag first.
    private const int MaxBytes = 63;

    /// <summary>The name with the tag after it, shortened so that the tag stays whole; without a tag, the name.</summary>
    public static string On(string name, string? tag)
    {
        if (tag is null)
            return name;
        var room = MaxBytes - 1 - Encoding.UTF8.GetByteCount(tag);
        var kept = name.EnumerateRunes().TakeWhile(rune => (room -= rune.Utf8SequenceLength) >= 0);
        return $"{string.Concat(kept)} {tag}";
    }
}
