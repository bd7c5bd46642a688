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

    /// <summary>File that lines of events that were not handled are appended to; null: none.</summary>
    public string? Rejects { get; init; }

    /// <summary>How often a spool folder is looked into.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>SQL by type of event; <c>default</c> for any other type.</summary>
    public IReadOnlyDictionary<string, string> Statements { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Reads the section; what is missing keeps its default.</summary>
    /// <exception cref="ConfigurationException">A value is of the wrong kind.</exception>
    public static RunSettings Read(Config file)
    {
        var defaults = new RunSettings();
        var config = file.GetConfig(Section);
        if (config is null)
            return defaults;
        return new RunSettings
        {
            Events = config.GetString("events", defaults.Events),
            Workers = config.GetInt("workers", defaults.Workers),
            Rejects = config.GetString("rejects", "") is { Length: > 0 } path ? path : null,
            PollInterval = config.GetTimeSpan("poll-interval", defaults.PollInterval, allowInfinite: false),
            Statements = config.HasPath("statements")
                ? config.GetConfig("statements").AsEnumerable().ToDictionary(
                    entry => entry.Key.Trim('"'), entry => entry.Value.GetString(), StringComparer.Ordinal)
                : defaults.Statements,
        };
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
