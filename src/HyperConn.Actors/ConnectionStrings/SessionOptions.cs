using System.Text;
using System.Text.RegularExpressions;

namespace HyperConn.ConnectionStrings;

/// <summary>
/// The <c>options</c> parameter: command-line options for the server process. Only settings are let through.
/// </summary>
/// <remarks>
/// The server splits the text at white space, a backslash takes the next character as it is (pg_split_opts), and reads the pieces
/// like its own command line. Whoever wrote a part of a secret could otherwise pass any switch.
/// </remarks>
internal static partial class SessionOptions
{
    /// <summary>
    /// Options for credentials that ask for none: none, because PgBouncer refuses whoever sends any. Only where the process has a PGOPTIONS,
    /// which Npgsql would fall back to (an empty text is lost when it copies its settings), something must be said in its place.
    /// </summary>
    public static string? WhenNoneAsked(string clientEncoding) =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("PGOPTIONS")) ? null : Neutral(clientEncoding);

    /// <summary>Whether these options only keep PGOPTIONS out.</summary>
    public static bool IsNeutral(string? options, string? clientEncoding) => options is not null && options == Neutral(clientEncoding ?? "");

    /// <summary>Says what the session has anyway.</summary>
    public static string Neutral(string clientEncoding) => $"-c client_encoding={string.Concat(clientEncoding.Where(char.IsAsciiLetterOrDigit))}";

    private const string Advice = "Write -c name=value pairs with spaces between them, and spaces in a value as '\\ '.";

    /// <summary>Null when the text holds nothing but <c>-c name=value</c>, <c>-cname=value</c> and <c>--name=value</c>.</summary>
    public static string? Fault(string options)
    {
        if (options.Contains('\0', StringComparison.Ordinal))
            return "The parameter 'options' has a NUL character.";
        if (!TrySplit(options, out var words))
            return $"The parameter 'options' ends in a backslash. {Advice}";

        return Settings(words).All(setting => Setting().IsMatch(setting))
            ? null
            : $"The parameter 'options' has something else than settings. {Advice}";
    }

    /// <summary>What a setting is given; null: it isn't. Of several the last counts.</summary>
    /// <param name="options">Options without a fault.</param>
    /// <param name="name">The setting's name, in lower case.</param>
    public static string? Value(string options, string name)
    {
        if (!TrySplit(options, out var words))
            return null;
        string? value = null;
        foreach (var setting in Settings(words))
        {
            var equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && string.Equals(setting[..equals].Replace('-', '_'), name, StringComparison.OrdinalIgnoreCase))
                value = setting[(equals + 1)..];
        }

        return value;
    }

    /// <summary>The pieces that should be <c>name=value</c>; an empty one for whatever is no setting.</summary>
    private static IEnumerable<string> Settings(List<string> words)
    {
        for (var i = 0; i < words.Count; i++)
        {
            yield return words[i] switch
            {
                "-c" => i + 1 < words.Count ? words[++i] : "",
                ['-', 'c', .. var attached] => attached,
                ['-', '-', .. var named] => named,
                _ => "",
            };
        }
    }

    private static bool TrySplit(string options, out List<string> words)
    {
        words = [];
        var at = LibpqKeyValue.SkipSpace(options, 0);
        while (at < options.Length)
        {
            var word = new StringBuilder();
            for (; at < options.Length && !LibpqKeyValue.IsSpace(options[at]); at++)
            {
                if (options[at] == '\\' && ++at == options.Length)
                    return false;
                word.Append(options[at]);
            }
            words.Add(word.ToString());
            at = LibpqKeyValue.SkipSpace(options, at);
        }
        return true;
    }

    // A setting's name as postgresql.conf has it, extensions' dotted ones included; '-' stands for '_' on the command line.
    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_$.-]*=", RegexOptions.CultureInvariant)]
    private static partial Regex Setting();
}
