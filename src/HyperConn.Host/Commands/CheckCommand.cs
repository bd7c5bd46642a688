using System.Collections.Concurrent;
using System.CommandLine;
using System.Text.Json.Serialization;
using Npgsql;
using Spectre.Console;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn check</c>: configuration, then every tenant's secret, parse, TLS, login and schema.</summary>
internal static class CheckCommand
{
    private const string InboxStage = "inbox";

    public static Command Create()
    {
        var config = CommandSession.ConfigOption();
        var selection = new TenantSelection();
        var parallelism = DemoCommand.Number("--parallelism", "Tenants checked at once.", 16, 1, 1_000);
        var strict = new Option<bool>("--strict") { Description = "Warnings count as failures." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command(
            "check",
            "Check the configuration, then each tenant's secret, credentials, TLS mode, login and schema; say what is wrong and how to mend it. "
            + "Exit code 0 when all is well, 1 when something is wrong, 2 when it could not start.")
        {
            config, parallelism, strict, json,
        };
        selection.AddTo(command);
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(
            async () =>
            {
                await using var session = await CommandSession.OpenAsync(parsed.GetValue(config)!, stop);
                var tenants = await selection.ReadSomeAsync(parsed, session, stop);
                var servers = new ServerLook();
                var findings = await CheckAsync(session, tenants, parsed.GetValue(parallelism), servers, stop);
                var outbox = session.Outbox is { } options ? await CheckedOutbox.LookAsync(options, session.Pools, stop) : null;
                var report = new CheckReport(
                    tenants.Count,
                    findings.Count(f => f.Verdict == Verdict.Ok),
                    findings.Count(f => f.Verdict == Verdict.Warning),
                    findings.Count(f => f.Verdict == Verdict.Failed),
                    findings.Count(f => f.Verdict == Verdict.Absent),
                    findings,
                    servers.Found,
                    outbox,
                    findings.Any(f => f is { Stage: InboxStage, NeedsDdl: true }) ? session.Inbox!.Ddl : null);
                if (parsed.GetValue(json))
                    CommandOutput.WriteJson(report);
                else
                    Write(report);
                return report.Failed > 0 || outbox?.Message is not null || (parsed.GetValue(strict) && report.Warnings > 0) ? ExitCodes.Bad : ExitCodes.Good;
            },
            stop));
        return command;
    }

    internal static async Task<IReadOnlyList<Finding>> CheckAsync(
        CommandSession session, IReadOnlyList<TenantKey> tenants, int parallelism, ServerLook servers, CancellationToken stop)
    {
        var findings = new Finding[tenants.Count];
        var several = session.Options.Services.Count > 1;
        var away = new ConcurrentDictionary<string, Finding>(StringComparer.Ordinal);
        await CommandOutput.WithProgressAsync("Checking", tenants.Count, done => Parallel.ForEachAsync(
            Enumerable.Range(0, tenants.Count),
            new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = stop },
            async (i, token) =>
            {
                var finding = await CheckAsync(session, tenants[i], away, servers, token);

                // With several services an organisation need not have each of them.
                if (several && finding.Code == HyperConnErrorCode.KeyNotFound)
                    finding = finding with { Verdict = Verdict.Absent };
                findings[i] = finding;
                done(finding.Verdict != Verdict.Failed);
            }));
        return findings;
    }

    private static async Task<Finding> CheckAsync(
        CommandSession session, TenantKey tenant, ConcurrentDictionary<string, Finding> away, ServerLook servers, CancellationToken stop)
    {
        var stage = "secret";
        var server = "";
        try
        {
            var source = await session.Pools.GetDataSourceAsync(tenant, stop);
            var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
            stage = "login";
            server = $"{settings.Host}:{settings.Port}";

            // Each would wait for its own deadline to learn the same.
            if (away.TryGetValue(server, out var known))
                return known with { Service = tenant.Service, Org = tenant.Org };
            await using var connection = await source.OpenConnectionAsync(stop);
            stage = "schema";
            await using var command = new NpgsqlCommand(
                "select current_setting('search_path'), current_schema()", connection);
            await using (var reader = await command.ExecuteReaderAsync(stop))
            {
                await reader.ReadAsync(stop);
                if (await reader.IsDBNullAsync(1, stop))
                {
                    return Failed(tenant, stage, null, $"No schema of the search path ({reader.GetString(0)}) exists or may be used.",
                        "Create the schema and grant USAGE on it, or correct hyperconn.schemas.");
                }
            }

            var standing = await servers.LookAsync($"{connection.Host}:{connection.Port}", source, connection, stop);
            if (session.Inbox is { } inbox && await inbox.LookAsync(connection, stop) is { } lack)
            {
                return new Finding(tenant.Service, tenant.Org, Verdict.Warning, InboxStage, null,
                    $"{lack.Message} Ids of events are noted there.", inbox.Advice(lack.IsMissing), lack.IsMissing);
            }

            if (standing == ServerLook.TransactionPooler && settings.MaxAutoPrepare > 0)
            {
                return new Finding(tenant.Service, tenant.Org, Verdict.Warning, "pooler", null,
                    "Max Auto Prepare keeps statements in a session, and the pooler gives each transaction another one.",
                    "Remove it from the secret, or set max_prepared_statements of PgBouncer 1.21 or later.");
            }

            return settings.SslMode is SslMode.Disable or SslMode.Allow or SslMode.Prefer && !IsLocal(settings.Host)
                ? new Finding(tenant.Service, tenant.Org, Verdict.Warning, "tls", null, $"sslmode={settings.SslMode} lets the connection go unencrypted.",
                    "Add sslmode=verify-full (or at least require) to the secret.")
                : new Finding(tenant.Service, tenant.Org, Verdict.Ok, null, null, null, null);
        }
        catch (HyperConnException exception)
        {
            var finding = Failed(tenant, stage, exception.Code, exception.Message, Advice.For(exception.Code));
            if (exception.Code == HyperConnErrorCode.ServerUnreachable && server.Length > 0)
                away.TryAdd(server, finding);
            return finding;
        }
        catch (NpgsqlException exception)
        {
            return Failed(tenant, stage, null, (exception as PostgresException)?.MessageText ?? exception.GetType().Name, "See the server's log.");
        }
    }

    private static bool IsLocal(string? host) => host?.Split(',').All(part =>
        part.StartsWith('/') || part.Split(':')[0] is "localhost" or "127.0.0.1" || part.StartsWith("[::1]", StringComparison.Ordinal)) == true;

    private static Finding Failed(TenantKey tenant, string stage, HyperConnErrorCode? code, string message, string advice) =>
        new(tenant.Service, tenant.Org, Verdict.Failed, stage, code, message, advice);

    private static void Write(CheckReport report)
    {
        var wrong = report.Tenants.Where(f => f.Verdict is Verdict.Failed or Verdict.Warning).OrderByDescending(f => f.Verdict).ToList();
        if (Console.IsOutputRedirected)
        {
            foreach (var f in wrong)
                CommandOutput.WriteLine($"{f.Service}/{f.Org}", CommandOutput.Name(f.Verdict), f.Stage, f.Code?.ToString(), f.Message, f.Advice);
        }
        else if (wrong.Count > 0)
        {
            var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
                .AddColumns(new TableColumn("Tenant").NoWrap(), new TableColumn("At").NoWrap(), new TableColumn("What"), new TableColumn("How to mend it"));
            foreach (var f in wrong)
            {
                table.AddRow(
                    new Markup($"[{(f.Verdict == Verdict.Failed ? "red" : "yellow")}]{Markup.Escape($"{f.Service}/{f.Org}")}[/]"),
                    new Text(f.Stage ?? ""),
                    new Text(Printable.Line($"{(f.Code is { } code ? $"{code}: " : "")}{f.Message}")),
                    new Text(f.Advice ?? ""));
            }

            AnsiConsole.Write(table);
        }

        foreach (var server in report.Servers)
            CommandOutput.WriteLine(server.Server, server.Kind);
        if (report.Outbox is { } outbox)
            CommandOutput.WriteLine("outbox", outbox.Table, outbox.Message ?? "ok", outbox.Advice);

        // As it is, to be copied.
        if (report.InboxDdl is not null)
            Console.WriteLine($"\n-- Once in the schema of each tenant above without an inbox:\n{report.InboxDdl}\n");
        if (report.Outbox?.Ddl is { } ddl)
            Console.WriteLine($"\n-- Once in the database of the outbox:\n{ddl}\n");
        Console.WriteLine($"{report.Checked} tenants checked: {report.Ok} well, {report.Warnings} with a warning, {report.Failed} failed, {report.Absent} without the service");
    }

    internal enum Verdict
    {
        Ok,
        Absent,
        Warning,
        Failed,
    }

    internal sealed record Finding(
        string Service, string Org, Verdict Verdict, string? Stage, HyperConnErrorCode? Code, string? Message, string? Advice,
        [property: JsonIgnore] bool NeedsDdl = false);

    internal sealed record CheckReport(int Checked, int Ok, int Warnings, int Failed, int Absent, IReadOnlyList<Finding> Tenants, IReadOnlyList<CheckedServer> Servers,
        CheckedOutbox? Outbox, string? InboxDdl);
}
