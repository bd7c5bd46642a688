using System.Text;

namespace HyperConn.ConnectionStrings;

/// <summary>Reads libpq's <c>keyword = value</c> strings (PostgreSQL's manual, "Keyword/Value Connection Strings").</summary>
internal static class LibpqKeyValue
{
    /// <summary>Reads a string; null, or what is wrong with it. The text is never repeated.</summary>
    public static string? Parse(string text, Dictionary<string, string> parameters)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
            return "The connection string has a NUL character, which PostgreSQL can't take in any parameter.";

        text = Utf8Text.Normalize(text);
        var at = SkipSpace(text, 0);
        for (var number = 1; at < text.Length; number++)
        {
            var start = at;
            while (at < text.Length && text[at] != '=' && !IsSpace(text[at]))
                at++;
            var keyword = text[start..at];
            at = SkipSpace(text, at);
            if (at == text.Length || text[at] != '=')
                return $"Parameter {number} has no '=' after its keyword. Write keyword=value pairs with spaces between them, " +
                    "and values with spaces in single quotes.";
            at = SkipSpace(text, at + 1);

            if (!TryReadValue(text, ref at, out var value))
                return $"The value of {Name(keyword, number)} starts with a single quote and has no closing one. " +
                    "Write a quote in a value as \\'.";
            if (!LibpqKeywords.TryStore(parameters, keyword, value))
                return $"Parameter {number} is none of libpq's keywords. They are lower case, such as host, dbname or sslmode; " +
                    "values with spaces go in single quotes.";
            at = SkipSpace(text, at);
        }
        return null;
    }

    // C's isspace in the C locale, which is what libpq and the server use.
    internal static bool IsSpace(char c) => c is ' ' or (>= '\t' and <= '\r');

    internal static int SkipSpace(string text, int at)
    {
        while (at < text.Length && IsSpace(text[at]))
            at++;
        return at;
    }

    private static bool TryReadValue(string text, ref int at, out string value)
    {
        var quoted = at < text.Length && text[at] == '\'';
        if (quoted)
            at++;
        var built = new StringBuilder();
        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (quoted ? c == '\'' : IsSpace(c))
                break;
            // A backslash takes the next character as it is; one at the very end means nothing.
            if (c == '\\' && ++at == text.Length)
                break;
            built.Append(text[at]);
        }
        value = built.ToString();
        if (!quoted)
            return true;
        return at < text.Length && text[at++] == '\'';
    }

    private static string Name(string keyword, int number)
        => LibpqKeywords.Contains(keyword) ? $"parameter '{keyword}'" : $"parameter {number}";
}
