using System.Text;

namespace HyperConn.ConnectionStrings;

/// <summary>Text as PostgreSQL's wire carries it.</summary>
internal static class Utf8Text
{
    /// <summary>What text that can't be UTF-8 is turned into, by .NET's decoder and encoder alike.</summary>
    public const char Replacement = '\uFFFD';

    /// <summary>The text after a trip through UTF-8: halves of surrogate pairs become U+FFFD, all else stays.</summary>
    public static string Normalize(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
