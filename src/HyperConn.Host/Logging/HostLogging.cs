using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Console;

namespace HyperConn.Host;

/// <summary>Sets up what is logged to standard error, from the configuration file and the environment.</summary>
internal static class HostLogging
{
    private const string Prefix = "Logging__";
    private const string LevelOfAll = "LogLevel:Default";

    /// <summary>Whether anybody asked for a level, in the file or by <c>Logging__LogLevel__…</c>.</summary>
    public static bool IsAskedFor(LoggingOptions options) => options.Level is not null || options.Levels.Count > 0 || FromEnvironment().AsEnumerable().Any(setting => setting.Value is not null);

    /// <summary>Every reason not to start with these settings and this environment.</summary>
    public static IEnumerable<string> Faults(LoggingOptions options) =>
    [
        .. options.Faults(),
        .. FromEnvironment().AsEnumerable()
            .Where(setting => setting.Key.StartsWith("LogLevel:", StringComparison.OrdinalIgnoreCase) && setting.Value is { } value && !LoggingOptions.IsLevel(value))
            .Select(setting => $"The environment variable {Prefix}{Printable.Line(setting.Key.Replace(":", "__", StringComparison.Ordinal))} is not one of {LoggingOptions.Known}."),
    ];

    /// <summary>
    /// Logs to standard error. A level of the environment (<c>Logging__LogLevel__Default</c>, <c>Logging__LogLevel__HyperConn.Pools</c>)
    /// beats the file's.
    /// </summary>
    public static ILoggingBuilder AddHostConsole(this ILoggingBuilder logging, LoggingOptions options)
    {
        var settings = new Dictionary<string, string?>
        {
            [LevelOfAll] = options.Level ?? nameof(LogLevel.Information),
            // Npgsql would log every statement with the data in it, the framework a line or more for each request.
            ["LogLevel:Npgsql"] = nameof(LogLevel.Warning),
            ["LogLevel:Microsoft.AspNetCore"] = nameof(LogLevel.Warning),
            ["LogLevel:Akka"] = nameof(LogLevel.Warning),
        };
        foreach (var (category, level) in options.Levels)
            settings[$"LogLevel:{category}"] = level;
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).AddConfiguration(FromEnvironment()).Build();
        logging.AddConfiguration(configuration);

        // Unlike the rules of the configuration, this one can be passed by nobody: the command says the same in one line.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.FormatterName = options.Format == LoggingOptions.Json ? ConsoleFormatterNames.Json : LineFormatter.FormatterName;
        });
        logging.AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        logging.Services.Configure<JsonConsoleFormatterOptions>(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));

        // Between the loggers and the console stands the gate.
        var services = logging.Services;
        services.Remove(services.Last(s => s.ServiceType == typeof(ILoggerProvider) && s.ImplementationType == typeof(ConsoleLoggerProvider)));
        services.TryAddSingleton<ConsoleLoggerProvider>();
        services.AddSingleton<ILoggerProvider>(provider =>
            new FloodGate(provider.GetRequiredService<ConsoleLoggerProvider>(), provider.GetService<TimeProvider>() ?? TimeProvider.System));
        return logging;
    }

    private static IConfigurationRoot FromEnvironment() => new ConfigurationBuilder().AddEnvironmentVariables(Prefix).Build();
}
