namespace HyperConn.Host;

/// <summary>What the host logs to standard error; configuration section <c>hyperconn-host.logging</c>.</summary>
internal sealed class LoggingOptions
{
    internal const string Text = "text";
    internal const string Json = "json";
    private const string Section = "hyperconn-host.logging";

    /// <summary>Least level that is logged: <c>trace</c>, <c>debug</c>, <c>information</c>, <c>warning</c>, <c>error</c>, <c>critical</c> or <c>none</c>. Null (default): <c>information</c> for <c>run</c>, nothing for commands that print a result.</summary>
    public string? Level { get; set; }

    /// <summary>Levels of single categories, such as <c>"HyperConn.Pools" = debug</c>; the longest name that fits counts. Beside yours, <c>Npgsql</c>, <c>Microsoft.AspNetCore</c> and <c>Akka</c> are at <c>warning</c>. Default none.</summary>
    public IReadOnlyDictionary<string, string> Levels { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary><c>text</c> (default), a line each, or <c>json</c>, an object a line.</summary>
    public string Format { get; set; } = Text;

    /// <summary>Every reason not to start with these settings.</summary>
    public IEnumerable<string> Faults()
    {
        if (Level is not null && !IsLevel(Level))
            yield return $"{Section}.level is not one of {Known}.";
        foreach (var (category, level) in Levels)
        {
            if (!IsLevel(level))
                yield return $"{Section}.levels.{Printable.Line(category)} is not one of {Known}.";
        }

        if (Format is not (Text or Json))
            yield return $"{Section}.format must be {Text} or {Json}.";
    }

    /// <summary>The levels there are.</summary>
    internal static string Known => string.Join(", ", Enum.GetNames<LogLevel>().Select(name => name.ToLowerInvariant()));

    /// <summary>Whether a text names one.</summary>
    internal static bool IsLevel(string text) => Enum.GetNames<LogLevel>().Contains(text, StringComparer.OrdinalIgnoreCase);
}
