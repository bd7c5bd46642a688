using System.CommandLine;
using Akka.Configuration;
using Akka.Hosting;
using HyperConn.Host.Workers;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn run</c>.</summary>
internal static class RunCommand
{
    private const string DefaultFile = "hyperconn.conf";

    public static Command Create()
    {
        var file = new Option<string>("--config", "-c") { Description = "Configuration file (HOCON).", DefaultValueFactory = _ => DefaultFile };
        var events = new Option<string?>("--events")
        {
            Description = "Where events come from: - (standard input), a file of JSON lines, or a spool folder. Beats the file's setting.",
        };
        var workers = new Option<int?>("--workers") { Description = "Most events under way at once. Beats the file's setting." };
        var rejects = new Option<string?>("--rejects") { Description = "File that the lines of events that failed are appended to." };
        var command = new Command(
            "run",
            "Handle a stream of events, each on its own tenant's database, until the stream ends or Ctrl-C. An event is one line: "
            + """{"service": "core", "org": "acme", "type": "order.placed", "id": "17", "data": {...}}. """
            + "Exit code 0 only when no event failed. Meanwhile it serves a dashboard, by default at http://127.0.0.1:5080, with /metrics, /healthz and /readyz.")
        {
            file, events, workers, rejects,
        };
        command.SetAction(async (parsed, stop) =>
        {
            try
            {
                var config = Load(parsed.GetValue(file)!);
                var settings = RunSettings.Read(config);
                settings = settings with
                {
                    Events = parsed.GetValue(events) ?? settings.Events,
                    Workers = parsed.GetValue(workers) ?? settings.Workers,
                    Rejects = parsed.GetValue(rejects) ?? settings.Rejects,
                };
                var (dashboard, telemetry) = (HostSettings.Dashboard(config), HostSettings.Telemetry(config));
                var faults = HostSettings.Unknown(config).Concat(settings.Faults()).Concat(dashboard.Enabled ? dashboard.Faults() : []).Concat(telemetry.Faults()).ToList();
                if (faults.Count > 0)
                    return Refuse(string.Join(Environment.NewLine, faults));
                return await RunAsync(config, settings, dashboard, telemetry, stop);
            }
            catch (Exception e) when (e is FormatException or ConfigurationException or OptionsValidationException or HyperConnException or IOException)
            {
                return Refuse(e.Message);
            }
        });
        return command;
    }

    internal static Config Load(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no configuration file '{path}'. Give one with --config.");
        try
        {
            return ConfigurationFactory.ParseString(File.ReadAllText(path));
        }
        catch (Exception e) when (e is not IOException)
        {
            throw new FormatException($"{path} is not HOCON: {e.Message}", e);
        }
    }

    private static async Task<int> RunAsync(
        Config config, RunSettings settings, DashboardOptions dashboard, TelemetryOptions telemetry, CancellationToken stop)
    {
        using var rejects = new Rejects(settings.Rejects);
        var builder = HostComposition.CreateBuilder();
        builder.Logging.AddSimpleConsole(o => (o.SingleLine, o.TimestampFormat) = (true, "HH:mm:ss "));
        builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddHyperConn(hocon: config);
        builder.Services.AddSingleton(_ => settings.CreateSource(rejects));
        builder.Services.AddSingleton<ITenantEventHandler>(_ => new StatementEventHandler(settings.Statements));
        builder.Services.AddEventWorkers(settings.Workers);
        builder.Services.AddAkka("hyperconn", (akka, _) => akka.AddHocon(config, HoconAddMode.Prepend).WithHostLogging().WithHyperConn().WithEventWorkers());
        // After the actors: it starts when they answer, and is gone before they are.
        builder.Services.AddHyperConnDashboard(dashboard, telemetry);
        using var host = builder.Build();
        await host.StartAsync(stop);

        var feed = host.Services.GetRequiredService<EventFeed>();
        await feed.StartAsync(CancellationToken.None);
        await feed.Completion.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await feed.StopAsync(CancellationToken.None);
        await host.StopAsync(CancellationToken.None);

        var counters = host.Services.GetRequiredService<EventCounters>();
        await Console.Error.WriteLineAsync($"{counters.Done:N0} events handled, {counters.Failed:N0} failed");
        foreach (var cause in counters.Causes)
            await Console.Error.WriteLineAsync($"  {cause.Count:N0} x {cause.Name}: {cause.Example}");
        if (feed.Completion.Exception is { } fault)
            return Refuse(fault.InnerException!.Message);
        return counters.All == counters.Done ? ExitCodes.Good : ExitCodes.Bad;
    }

    private static int Refuse(string reason)
    {
        Console.Error.WriteLine(reason);
        return ExitCodes.NotStarted;
    }
}
