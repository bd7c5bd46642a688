using Akka.Configuration;
using HyperConn.Host.Workers;

namespace HyperConn.Host;

/// <summary>The host's own part of the configuration file, section <c>hyperconn-host.worker</c>.</summary>
internal sealed record RunSettings
{
    private const string Name = "worker";
    private const string Section = $"{HostSettings.Root}.{Name}";

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
        var section = new HostSection(file, Name, faults);
        return new RunSettings
        {
            Events = section.Text("events") is { } events ? (events == "-" ? events : resolve(events)) : defaults.Events,
            Workers = section.Read("workers", c => c.GetInt("workers"), defaults.Workers, "a whole number"),
            Rejects = section.Text("rejects") is { } path ? resolve(path) : null,
            PollInterval = section.Read("poll-interval", c => c.GetTimeSpan("poll-interval", null, allowInfinite: false), defaults.PollInterval),
            Statements = section.Read(
                "statements",
                c => c.GetConfig("statements").AsEnumerable().ToDictionary(entry => entry.Key.Trim('"'), entry => entry.Value.GetString(), StringComparer.Ordinal),
                defaults.Statements,
                "SQL by type of event"),
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
        if (Events == "-" && !StandardStreams.HasInput)
            yield return $"{Section}.events: standard input is closed, so there are no events to read. Give a file or a spool folder with --events.";
        if (Events != "-" && !File.Exists(Events) && !Directory.Exists(Events))
            yield return $"{Section}.events: there is no file or folder '{Events}'.";
    }

    /// <summary>The source <see cref="Events"/> names.</summary>
    public ITenantEventSource CreateSource(Rejects rejects) =>
        Events == "-" ? StreamEventSource.StandardInput(rejects)
        : Directory.Exists(Events) ? new SpoolEventSource(Events, PollInterval, rejects)
        : StreamEventSource.File(Events, rejects);
}
