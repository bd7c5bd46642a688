using System.Text;

namespace HyperConn.Tests;

/// <summary>
/// Connection strings for comparison with libpq: well-formed ones by the grammar, then mutated where parsers differ. The same seed
/// gives the same texts.
/// </summary>
internal sealed class ConnectionTextGenerator(int seed, IReadOnlyList<string> keywords, bool spaces)
{
    private const string Separators = "@:/?#[],&=%+;'\"\\";

    private readonly Random _random = new(seed);

    public string Uri()
    {
        var text = new StringBuilder(Pick("postgresql://", "postgres://"));
        if (Chance(70))
        {
            text.Append(UriPart());
            if (Chance(80))
                text.Append(':').Append(UriPart());
            text.Append('@');
        }
        for (var hosts = _random.Next(0, 4); hosts > 0; hosts--)
        {
            text.Append(Pick("db.example", "[::1]", "[fe80::1%25eth0]", "%2Frun%2Fpg", "10.0.0.1", "", UriPart()));
            if (Chance(50))
                text.Append(':').Append(Pick("5432", "", "0", "99999", UriPart()));
            if (hosts > 1)
                text.Append(',');
        }
        if (Chance(70))
            text.Append('/').Append(Chance(80) ? UriPart() : "");
        if (Chance(60))
        {
            text.Append('?');
            for (var parameters = _random.Next(0, 5); parameters > 0; parameters--)
            {
                text.Append(Chance(90) ? Keyword() : Pick("ssl", "requiressl", "", "Host", "unknown", UriPart()));
                text.Append(Chance(97) ? "=" : "").Append(Pick("true", "1", "0", "", UriPart(), UriPart(), UriPart()));
                if (parameters > 1 || Chance(10))
                    text.Append('&');
            }
        }
        return Mutated(text.ToString());
    }

    public string KeywordValue()
    {
        var text = new StringBuilder();
        for (var parameters = _random.Next(0, 7); parameters > 0; parameters--)
        {
            text.Append(Chance(92) ? Keyword() : Pick("requiressl", "ssl", "", "Host", "unknown", "user name"));
            text.Append(Space()).Append(Chance(96) ? "=" : "").Append(Space());
            text.Append(Chance(50) ? Quoted() : Plain());
            text.Append(Chance(90) ? Pick(" ", "\n", "\t", "  ", "\v", "\f", "\r\n") : Pick("", ";", ","));
        }
        return Mutated(text.ToString());
    }

    private string Keyword() => keywords[_random.Next(keywords.Count)];

    private string Space() => Pick("", "", "", " ", "\t\n");

    private string Plain() => Word(c => char.IsWhiteSpace(c) || c is '\\' or '\'' ? "\\" + c : c.ToString());

    private string Quoted() => "'" + Word(c => c is '\\' or '\'' ? "\\" + c : c.ToString()) + "'";

    private string UriPart()
        => Word(c => c > 127 && Chance(50) || Separators.Contains(c, StringComparison.Ordinal) && Chance(85) || char.IsWhiteSpace(c)
            ? Escaped(c)
            : c.ToString());

    private string Word(Func<char, string> write)
    {
        var text = new StringBuilder();
        for (var length = _random.Next(1, 12); length > 0; length--)
        {
            var c = Chance(70) ? (char)_random.Next('a', 'z' + 1)
                : Chance(60) ? Separators[_random.Next(Separators.Length)]
                : Pick("é", "Ω", "語", " ", "\t", "\n", "\u00A0", "\u0085", "\u007F", "\u0001")[0];
            text.Append(write(c));
        }
        return text.ToString();
    }

    private string Escaped(char c)
        => string.Concat(Encoding.UTF8.GetBytes(c.ToString()).Select(b => Chance(50) ? $"%{b:X2}" : $"%{b:x2}"));

    private string Mutated(string text)
    {
        for (var times = Chance(50) ? 0 : _random.Next(1, 4); times > 0; times--)
        {
            var at = _random.Next(text.Length + 1);
            var until = Math.Min(text.Length, at + _random.Next(1, 4));
            text = _random.Next(8) switch
            {
                0 => text[..at] + text[until..],
                1 => text[..at] + Separators[_random.Next(Separators.Length)] + text[at..],
                2 => text[..at] + Pick("%", "%4", "%zz", "%00", "%0", "%25", "%FF", "%C3%28", "%ed%a0%80", "%2c", "%40") + text[at..],
                3 => text[..at] + Pick("🐘", "\uD800", "é", "\uFEFF", "\uFFFD") + text[at..],
                4 => text[..at] + text[at..until] + text[at..],
                5 => text[..at],
                6 => text[..at] + Pick("&host=x", "?user=y", "=", "'", "\\", "//", "[]", ",,", " ", "\n") + text[at..],
                _ => text[..at] + new string(Pick("a", "%", "/", ",", "[", "\\")[0], Chance(5) ? 20_000 : 3) + text[at..],
            };
        }
        return spaces ? text : text.Replace(" ", "", StringComparison.Ordinal);
    }

    private bool Chance(int percent) => _random.Next(100) < percent;

    private string Pick(params string[] choices) => choices[_random.Next(choices.Length)];
}
