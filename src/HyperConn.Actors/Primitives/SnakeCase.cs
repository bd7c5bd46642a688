using System.Collections.Concurrent;
using System.Text;

namespace HyperConn.Primitives;

/// <summary>Enum names the way attribute values are written: <c>LeastRecentlyUsed</c> → <c>least_recently_used</c>.</summary>
internal static class SnakeCase
{
    private static readonly ConcurrentDictionary<Enum, string> Known = new();

    public static string Of(Enum value) => Known.GetOrAdd(value, static v => Of(v.ToString()));

    private static string Of(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0)
                text.Append('_');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }
}
