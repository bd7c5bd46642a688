using System.Text;

namespace HyperConn.ConnectionStrings;

/// <summary>
/// Reads <c>postgresql://</c> URIs as libpq does (PostgreSQL's manual, "Connection URIs"; where it is silent, PQconninfoParse).
/// </summary>
/// <remarks>
/// libpq works on bytes. All its separators are ASCII, so splitting the string is the same; only a component with escapes goes
/// through bytes. A fault names the component and never repeats the text: passwords end up in every component.
/// One thing libpq accepts is refused: behind a login with a password, a host, port or database with a further <c>@</c>, <c>/</c> or
/// <c>:</c> that isn't percent-encoded. It nearly always is the rest of a password, and hosts and databases are shown to people.
/// </remarks>
internal static class LibpqUri
{
    private const string LongScheme = "postgresql://";
    private const string ShortScheme = "postgres://";

    public static bool HasScheme(string text)
        => text.StartsWith(LongScheme, StringComparison.Ordinal) || text.StartsWith(ShortScheme, StringComparison.Ordinal);

    /// <summary>Reads a URI; null, or what is wrong with it.</summary>
    public static string? Parse(string text, Dictionary<string, string> parameters)
    {
        if (!HasScheme(text))
            return "The scheme is neither 'postgresql' nor 'postgres' (lower case, followed by '://').";
        if (text.Contains('\0', StringComparison.Ordinal))
            return "The URI has a NUL character, which PostgreSQL can't take in any component.";

        text = Utf8Text.Normalize(text);
        var rest = text.AsSpan(text.IndexOf("://", StringComparison.Ordinal) + 3);
        return ReadLogin(ref rest, parameters, out var hasPassword)
            ?? ReadHosts(ref rest, parameters, hasPassword)
            ?? ReadDatabase(ref rest, parameters, hasPassword)
            ?? (rest.IsEmpty ? null : ReadQuery(rest[1..], parameters));
    }

    private static string? ReadLogin(ref ReadOnlySpan<char> rest, Dictionary<string, string> parameters, out bool hasPassword)
    {
        hasPassword = false;
        // The first '@' ends the login, unless a '/' comes before it: a password with either must escape it.
        var end = rest.IndexOfAny('@', '/');
        if (end < 0 || rest[end] == '/')
            return null;
        var login = rest[..end];
        rest = rest[(end + 1)..];

        var colon = login.IndexOf(':');
        // An empty one counts: the password may begin with an '@'.
        hasPassword = colon >= 0;
        return Store(parameters, "user", colon < 0 ? login : login[..colon])
            ?? (colon < 0 ? null : Store(parameters, "password", login[(colon + 1)..]));
    }

    private static string? ReadHosts(ref ReadOnlySpan<char> rest, Dictionary<string, string> parameters, bool hasPassword)
    {
        var hosts = new StringBuilder();
        var ports = new StringBuilder();
        while (true)
        {
            if (rest.StartsWith("["))
            {
                var close = rest.IndexOf(']');
                if (close < 0)
                    return "The host starts with '[' and has no ']'. Write IPv6 addresses as [address].";
                if (close == 1)
                    return "The host is an empty pair of brackets. Write IPv6 addresses as [address].";
                if (hasPassword && rest[..close].ContainsAny('@', '/'))
                    return RestOfPassword("host");
                hosts.Append(rest[1..close]);
                rest = rest[(close + 1)..];
                if (!rest.IsEmpty && !":/?,".Contains(rest[0], StringComparison.Ordinal))
                    return "The host in brackets is followed by something else than ':', '/', '?' or ','.";
            }
            else
            {
                var host = Take(ref rest, ":/?,");
                if (hasPassword && host.Contains('@'))
                    return RestOfPassword("host");
                hosts.Append(host);
            }
            if (rest.StartsWith(":"))
            {
                rest = rest[1..];
                var port = Take(ref rest, "/?,");
                if (hasPassword && port.ContainsAny('@', ':'))
                    return RestOfPassword("port");
                ports.Append(port);
            }
            if (!rest.StartsWith(","))
                break;
            rest = rest[1..];
            hosts.Append(',');
            ports.Append(',');
        }
        return Store(parameters, "host", hosts.ToString()) ?? Store(parameters, "port", ports.ToString());
    }

    private static string? ReadDatabase(ref ReadOnlySpan<char> rest, Dictionary<string, string> parameters, bool hasPassword)
    {
        if (!rest.StartsWith("/"))
            return null;
        rest = rest[1..];
        var database = Take(ref rest, "?");
        return hasPassword && database.ContainsAny('@', '/', ':') ? RestOfPassword("dbname") : Store(parameters, "dbname", database);
    }

    private static string RestOfPassword(string keyword) =>
        $"The {keyword} has a '@', '/' or ':' that is not percent-encoded, as the rest of a password would. Write them as %40, %2F and %3A.";

    private static string? ReadQuery(ReadOnlySpan<char> query, Dictionary<string, string> parameters)
    {
        for (var number = 1; !query.IsEmpty; number++)
        {
            var pair = Take(ref query, "&");
            if (!query.IsEmpty)
                query = query[1..];

            var equals = pair.IndexOf('=');
            if (equals < 0)
                return $"Parameter {number} after '?' has no '='. Write keyword=value, and '&' in a value as %26.";
            if (pair[(equals + 1)..].Contains('='))
                return $"Parameter {number} after '?' has a second '='. Write '=' in a value as %3D.";
            if (DecodeFault(pair[..equals], out var keyword) is { } keywordFault)
                return $"The keyword of parameter {number} after '?' {keywordFault}";
            if (DecodeFault(pair[(equals + 1)..], out var value) is { } valueFault)
                return $"The value of {Name(keyword, number)} {valueFault}";

            // What JDBC users write.
            if (keyword == "ssl" && value == "true")
                (keyword, value) = ("sslmode", "require");
            if (!LibpqKeywords.TryStore(parameters, keyword, value))
                return $"Parameter {number} after '?' is none of libpq's keywords. They are lower case, such as sslmode or connect_timeout.";
        }
        return null;
    }

    // The name is the text's own; it is repeated only when it is a known keyword.
    private static string Name(string keyword, int number)
        => LibpqKeywords.Contains(keyword) ? $"parameter '{keyword}'" : $"parameter {number} after '?'";

    private static string? Store(Dictionary<string, string> parameters, string keyword, ReadOnlySpan<char> encoded)
    {
        if (encoded.IsEmpty)
            return null;
        if (DecodeFault(encoded, out var value) is { } fault)
            return $"The {keyword} {fault}";
        parameters[keyword] = value;
        return null;
    }

    private static ReadOnlySpan<char> Take(ref ReadOnlySpan<char> rest, string ends)
    {
        var end = rest.IndexOfAny(ends);
        if (end < 0)
            end = rest.Length;
        var taken = rest[..end];
        rest = rest[end..];
        return taken;
    }

    private static string? DecodeFault(ReadOnlySpan<char> encoded, out string value)
    {
        value = "";
        if (!encoded.Contains('%'))
        {
            value = encoded.ToString();
            return null;
        }

        var bytes = new byte[Encoding.UTF8.GetByteCount(encoded)];
        var length = Encoding.UTF8.GetBytes(encoded, bytes);
        var written = 0;
        for (var read = 0; read < length; read++)
        {
            if (bytes[read] != '%')
            {
                bytes[written++] = bytes[read];
                continue;
            }
            if (read + 2 >= length || !char.IsAsciiHexDigit((char)bytes[read + 1]) || !char.IsAsciiHexDigit((char)bytes[read + 2]))
                return "has a '%' that two hexadecimal digits don't follow. Write '%' itself as %25.";
            var decoded = (byte)((Hex(bytes[read + 1]) << 4) | Hex(bytes[read + 2]));
            if (decoded == 0)
                return "has %00. PostgreSQL can't take a NUL character.";
            bytes[written++] = decoded;
            read += 2;
        }
        // Bytes that aren't UTF-8 become U+FFFD; whoever uses the value refuses that character (see LibpqToNpgsql).
        value = Encoding.UTF8.GetString(bytes, 0, written);
        return null;
    }

    private static int Hex(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
