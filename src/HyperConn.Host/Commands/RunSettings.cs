using Akka.Configuration;
using HyperConn.Host.Workers;

namespace HyperConn.Host.Commands;

/// <summary>The host's own part of the configuration file, section <c>hyperconn-host.worker</c>.</summary>
internal sealed record RunSettings
{
    private const string Section = "hyperconn-host.worker";

    /// <summary>Where events come from: <c>-</c> (standard input), a file, or a spool folder.</summary>
    public string Events { get; init; } = "-";

    /// <summary>Most events under way at once.</summary>
    public int Workers { get; init; } = 16;

    /// <summary>File that lines of events that were not handled are appended to; null: none, or for a spool <c>&lt;file&gt;.rejected</c>.</summary>
    public string? Rejects { get; init; }

    /// <summary>How often a spool folder is looked into.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>SQL by type of event; <c>default</c> for any other type.</summary>
    public IReadOnlyDictionary<string, string> Statements { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Reads the section; what is missing keeps its default.</summary>
    /// <param name="file">The file.</param>
    /// <param name="resolve">Makes a path of the file a full one.</param>
    /// <param name="faults">Where settings that can't be read are named.</param>
    public static RunSettings Read(Config file, Func<string, string> resolve, List<string> faults)
    {
        var defaults = new RunSettings();
        if (!file.HasPath(Section))
            return defaults;
        var config = file.GetConfig(Section);
        return new RunSettings
        {
            Events = Value("events", "text", c => c.GetString("events"), null) is { Length: > 0 } events ? (events == "-" ? events : resolve(events)) : defaults.Events,
            Workers = Value("workers", "a whole number", c => c.GetInt("workers"), defaults.Workers),
            Rejects = Value("rejects", "text", c => c.GetString("rejects"), null) is { Length: > 0 } path ? resolve(path) : null,
            PollInterval = Value("poll-interval", "a time such as 1s", c => c.GetTimeSpan("poll-interval", null, allowInfinite: false), defaults.PollInterval),
            Statements = Value(
                "statements",
                "SQL by type of event",
                c => c.GetConfig("statements").AsEnumerable().ToDictionary(entry => entry.Key.Trim('"'), entry => entry.Value.GetString(), StringComparer.Ordinal),
                defaults.Statements),
        };

        T Value<T>(string key, string kind, Func<Config, T> read, T byDefault)
        {
            if (!config.HasPath(key))
                return byDefault;
            try
            {
                return read(config);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // Its text may quote the value.
                faults.Add($"{Section}.{key} can't be read as {kind}.");
                return byDefault;
            }
        }
    }

    /// <summary>Every fault at once; empty: none.</summary>
    public IEnumerable<string> Faults()
    {
        if (Workers is < 1 or > 10_000)
            yield return $"{Section}.workers must be from 1 to 10,000.";
        if (PollInterval < TimeSpan.FromMilliseconds(10))
            yield return $"{Section}.poll-interval must be 10ms or more.";
        if (Statements.Count == 0)
            yield return $"{Section}.statements is empty: say which SQL to run for which type of event, at least 'default'.";
        if (Events != "-" && !File.Exists(Events) && !Directory.Exists(Events))
            yield return $"{Section}.events: there is no file or folder '{Events}'.";
    }

    /// <summary>The source <see cref="Events"/> names.</summary>
    public ITenantEventSource CreateSource(Rejects rejects) =>
        Events == "-" ? StreamEventSource.StandardInput(rejects)
        : Directory.Exists(Events) ? new SpoolEventSource(Events, PollInterval, rejects)
        : StreamEventSource.File(Events, rejects);
}
