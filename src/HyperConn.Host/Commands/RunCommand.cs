using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Akka.Hosting;
using HyperConn.Events;

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
            Description = "Where events come from: - (standard input), a file of JSON lines (also one of rejected events), or a spool folder. Beats the file's setting.",
        };
        var workers = new Option<int?>("--workers")
        {
            Description = "Most events under way at once. Beats the file's setting.",
            CustomParser = result =>
            {
                if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                    return number;
                result.AddError($"--workers: '{result.Tokens[0].Value}' is not a whole number.");
                return null;
            },
        };
        var rejects = new Option<string?>("--rejects") { Description = "File that rejected events are appended to, to be fed again with --events." };
        var logFormat = new Option<string?>("--log-format") { Description = "How it logs to standard error: text or json. Beats the file's setting." };
        logFormat.AcceptOnlyFromAmong(LoggingOptions.Text, LoggingOptions.Json);
        var command = new Command(
            "run",
            "Handle a stream of events, each on its own tenant's database, until the stream ends or Ctrl-C. An event is one line: "
            + """{"service": "core", "org": "acme", "type": "order.placed", "id": "17", "data": {...}}. """
            + "Each takes effect once, however often it comes. Exit code 0 only when no event was rejected or lost. Meanwhile it serves a dashboard, by default at http://127.0.0.1:5080, with /metrics, /healthz and /readyz.")
        {
            file, events, workers, rejects, logFormat,
        };
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(
            async () =>
            {
                var config = HostConfiguration.Load(parsed.GetValue(file)!);
                var faults = new List<string>();
                var settings = RunSettings.Read(config.Hocon, config.Resolve, faults);
                settings = settings with
                {
                    Events = parsed.GetValue(events) ?? settings.Events,
                    Workers = parsed.GetValue(workers) ?? settings.Workers,
                    Rejects = parsed.GetValue(rejects) ?? settings.Rejects,
                };
                faults.AddRange(settings.Faults());
                var sources = SourceSettings.Read(config.Hocon, faults);
                faults.AddRange(sources.Faults(settings.Events));
                var dashboard = HostSettings.Dashboard(config.Hocon, faults);
                var telemetry = HostSettings.Telemetry(config.Hocon, faults);
                var logging = HostSettings.Logging(config.Hocon, faults);
                var cluster = ClusterSettings.Read(config.Hocon, faults);
                faults.AddRange(cluster.Faults());
                logging.Format = parsed.GetValue(logFormat) ?? logging.Format;
                faults.AddRange(HostLogging.Faults(logging));
                if (dashboard.Enabled)
                    faults.AddRange(dashboard.Faults());
                faults.AddRange(telemetry.Faults());
                faults.AddRange(config.Faults());
                if (faults.Count > 0)
                    throw new CommandException(string.Join(Environment.NewLine, faults));
                dashboard.CertificatePath = Resolve(dashboard.CertificatePath);
                dashboard.CertificateKeyPath = Resolve(dashboard.CertificateKeyPath);
                return await RunAsync(config, settings, sources, dashboard, telemetry, logging, cluster, stop);

                string? Resolve(string? path) => path is null ? null : config.Resolve(path);
            },
            stop));
        return command;
    }

    private static async Task<int> RunAsync(
        HostConfiguration config,
        RunSettings settings,
        SourceSettings sources,
        DashboardOptions dashboard,
        TelemetryOptions telemetry,
        LoggingOptions logging,
        ClusterSettings cluster,
        CancellationToken stop)
    {
        var builder = HostComposition.CreateBuilder();
        builder.Logging.AddHostConsole(logging);
        config.AddTo(builder.Services);
        builder.Services.AddSingleton(services => settings.CreateSource(services, sources));
        builder.Services.AddTenantEventWorker(settings.Apply).AddHandler(new SqlStatementHandler(settings.Statements));
        builder.Services.AddAkka(ClusterSettings.SystemName, (akka, services) => cluster.Apply(
            akka.AddHocon(config.Hocon, HoconAddMode.Prepend).WithHostLogging(services).WithHyperConn(), services));
        cluster.AddTo(builder.Services);
        // After the actors: it starts when they answer, and is gone before they are.
        builder.Services.AddHyperConnDashboard(dashboard, telemetry);
        using var host = builder.Build();
        // First, so that files that can't be used are known before anything is started.
        var worker = host.Services.GetRequiredService<TenantEventWorker>();
        await host.StartAsync(stop);

        await worker.StartAsync(CancellationToken.None);
        await worker.Completion.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var again = stop.IsCancellationRequested ? new SecondSignal() : null;
        if (again is not null && worker.GetStatistics().InFlight is > 0 and var left)
            await Console.Error.WriteLineAsync($"Stopping: waiting for {left:N0} events under way; Ctrl-C again ends them.");
        await worker.StopAsync(CancellationToken.None);
        await host.StopAsync(CancellationToken.None);
        return await SumUpAsync(worker);
    }

    private static async Task<int> SumUpAsync(TenantEventWorker worker)
    {
        var s = worker.GetStatistics();
        await Console.Error.WriteLineAsync(
            $"{s.Handled:N0} events handled, {s.Rejected:N0} rejected, {s.Duplicates:N0} duplicate, {s.Retries:N0} retried, "
            + $"{s.HandedBack:N0} handed back, {s.Lost:N0} lost");
        foreach (var cause in s.Causes)
            await Console.Error.WriteLineAsync($"  {cause.Failures:N0} x {Printable.Line(cause.Code)}: {Printable.Line(cause.Example)}");
        if (worker.Completion.Exception is { } fault)
        {
            await Console.Error.WriteLineAsync(Printable.Lines(fault.InnerException!.Message));
            return ExitCodes.NotStarted;
        }

        return s is { Rejected: 0, Lost: 0 } ? ExitCodes.Good : ExitCodes.Bad;
    }

    /// <summary>Ends the process at once when it is told to stop a second time: somebody is tired of waiting.</summary>
    private sealed class SecondSignal : IDisposable
    {
        private readonly List<PosixSignalRegistration> _signals =
            [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, End))];

        public void Dispose() => _signals.ForEach(signal => signal.Dispose());

        private static void End(PosixSignalContext context)
        {
            context.Cancel = true;
            Console.Error.WriteLine("Ended; events under way may or may not be done.");
            Environment.Exit(ExitCodes.Bad);
        }
    }
}
