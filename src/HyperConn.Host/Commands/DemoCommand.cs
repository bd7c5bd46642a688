using System.CommandLine;
using HyperConn.Host.Demo;
using HyperConn.Host.Demo.Nodes;
using Spectre.Console;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn demo</c>.</summary>
internal static class DemoCommand
{
    private static readonly DemoOptions Defaults = new();

    public static Command Create()
    {
        var duration = new Option<TimeSpan>("--duration")
        {
            Description = "How long events are fed, such as 30s or 2m.",
            CustomParser = Durations.Parse,
            DefaultValueFactory = _ => Defaults.Duration,
        };
        var tenants = Number("--tenants", "Tenants to make; up to 20 get a database of their own.", Defaults.Tenants, 1, 5_000);
        var workers = Number("--workers", "Most events under way at once.", Defaults.Workers, 1, 1_000);
        var maxPools = Number("--max-pools", "Most pools alive at once.", Defaults.MaxPools, 1, 100_000);
        var idleTtl = new Option<TimeSpan>("--idle-ttl")
        {
            Description = "Idle time after which a pool may be evicted.",
            CustomParser = Durations.Parse,
            DefaultValueFactory = _ => Defaults.IdleTimeToLive,
        };
        var maxConnections = Number("--max-connections", "max_connections of the demo's own PostgreSQL.", Defaults.MaxConnections, 10, 10_000);
        var rotate = new Option<bool>("--rotate")
        {
            Description = "Change passwords and users while events are fed; '--rotate false' does not.",
            DefaultValueFactory = _ => Defaults.Rotate,
        };
        var dashboard = new Option<bool>("--dashboard")
        {
            Description = "Serve the dashboard meanwhile, to this machine alone; '--dashboard false' does not.",
            DefaultValueFactory = _ => Defaults.Dashboard,
        };
        var port = Number("--port", "Port of the dashboard; 0: any free one.", Defaults.Port, 0, 65_535);
        var nodes = Number("--nodes", "Processes that share the server's budget. With three or more, one is killed in the middle and started again.", Defaults.Nodes, 1, 9);
        var json = new Option<bool>("--json") { Description = "Print one JSON object at the end; progress goes to standard error." };

        var command = new Command(
            "demo",
            "Start a PostgreSQL server, make tenants, and handle events for all of them. Needs nothing; leaves nothing. Exit code 0 only when no "
            + "event failed, none ran as another tenant, and no session was left.")
        {
            duration, tenants, workers, maxPools, idleTtl, maxConnections, rotate, dashboard, port, nodes, json,
        };
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(() => RunAsync(
            new DemoOptions
            {
                Duration = parsed.GetValue(duration),
                Tenants = parsed.GetValue(tenants),
                Workers = parsed.GetValue(workers),
                MaxPools = parsed.GetValue(maxPools),
                IdleTimeToLive = parsed.GetValue(idleTtl),
                MaxConnections = parsed.GetValue(maxConnections),
                Rotate = parsed.GetValue(rotate),
                Dashboard = parsed.GetValue(dashboard),
                Port = parsed.GetValue(port),
                Nodes = parsed.GetValue(nodes),
                Json = parsed.GetValue(json),
            },
            stop), stop));
        return command;
    }

    /// <summary>An option whose value is a whole number within bounds.</summary>
    internal static Option<int> Number(string name, string description, int byDefault, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => byDefault };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var value) && (value < least || value > most))
                result.AddError($"{name} must be from {least:N0} to {most:N0}.");
        });
        return option;
    }

    private static async Task<int> RunAsync(DemoOptions options, CancellationToken stop)
    {
        IDemoView view = options.Json ? new LinesDemoView(Console.Error)
            : Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Ansi ? new LinesDemoView(Console.Out)
            : new TableDemoView(AnsiConsole.Console);
        try
        {
            var summary = options.Nodes > 1
                ? await new NodesDemo(options, options.Json ? Console.Error : Console.Out).RunAsync(stop)
                : await new DemoRunner(options, view).RunAsync(stop);
            if (options.Json)
                Console.WriteLine(summary.ToJson());
            else
                DemoReport.Write(AnsiConsole.Console, summary, options);
            return summary.IsGood ? ExitCodes.Good : ExitCodes.Bad;
        }
        catch (Exception e) when (e is PostgresUnavailableException or HyperConnException or NodeFailedException)
        {
            await Console.Error.WriteLineAsync(Printable.Line(e.Message));
            return ExitCodes.NotStarted;
        }
        catch (Npgsql.NpgsqlException e)
        {
            await Console.Error.WriteLineAsync($"PostgreSQL went away, so the demo could not count what it had done: {Printable.Line(e.Message)}");
            return ExitCodes.Bad;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped before the first event.");
            return ExitCodes.NotStarted;
        }
    }
}

/// <summary>What the process ends with.</summary>
internal static class ExitCodes
{
    /// <summary>All went well.</summary>
    public const int Good = 0;

    /// <summary>It ran, and something failed.</summary>
    public const int Bad = 1;

    /// <summary>It could not start; also the answer to a command line that is wrong.</summary>
    public const int NotStarted = 2;
}
