using System.CommandLine;
using Spectre.Console;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn exec</c>: SQL on all or some tenants.</summary>
internal static class ExecCommand
{
    public static Command Create()
    {
        var config = CommandSession.ConfigOption();
        var selection = new TenantSelection();
        var sql = new Option<string?>("--sql") { Description = "SQL to run; several statements may be given, separated by semicolons." };
        var file = new Option<string?>("--file") { Description = "File with the SQL; - reads standard input." };
        var parallelism = DemoCommand.Number("--parallelism", "Tenants at once; each server's budget bounds them as well.", 16, 1, 1_000);
        var retries = DemoCommand.Number("--retries", "Further tries after a fault that passes, such as a deadlock.", 3, 0, 100);
        var timeout = new Option<TimeSpan>("--timeout")
        {
            Description = "Longest time for one tenant's SQL, such as 30s or 10m.",
            CustomParser = Durations.Parse,
            DefaultValueFactory = _ => TimeSpan.FromMinutes(5),
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Run everything, then roll back: shows what would fail. What can't be rolled back (sequences) moves all the same." };
        var report = new Option<string?>("--report") { Description = "File that the report is written to, for --resume; kept up to date while it runs." };
        var resume = new Option<string?>("--resume") { Description = "Report of an earlier run: only tenants that failed or were not reached. Where that run was interrupted, the server is asked first whether the SQL was carried out. Updates that file unless --report names another." };
        var unknown = new Option<UnknownChoice>("--unknown")
        {
            Description = "With --resume, what to do with tenants of which not even the server can tell whether the SQL was carried out: keep (leave them), done (count them as done) or rerun (run it again).",
            DefaultValueFactory = _ => UnknownChoice.Keep,
        };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var command = new Command(
            "exec",
            "Run SQL on all or some tenants, in one transaction each. Exit code 0 when all were done, 1 when some failed, 2 when it could not start.")
        {
            config, sql, file, parallelism, retries, timeout, dryRun, report, resume, unknown, json,
        };
        selection.AddTo(command);
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(
            async () =>
            {
                var text = await ReadSqlAsync(parsed.GetValue(sql), parsed.GetValue(file), stop);
                if (SqlTransactionWords.Find(text) is var (words, line))
                    throw new CommandException($"Line {line} of the SQL is a '{words}'. exec runs it in a transaction of its own, one for each tenant, and ends that itself: leave such statements out.");
                var (before, held) = parsed.GetValue(resume) is { } path
                    ? await ExecJournal.MergeAsync(path, await ExecReport.LoadAsync(path, stop), stop)
                    : (null, null);
                await using var holding = held;
                if (before is not null && before.SqlSha256 != ExecReport.HashOf(text))
                    throw new CommandException("The report to resume is of other SQL. Give the same SQL, or start anew without --resume.");
                if (before is not null && selection.IsGiven(parsed))
                    throw new CommandException("--resume takes its tenants from the report. Leave out --tenant, --service and --filter.");
                if (before is null && parsed.GetValue(unknown) != UnknownChoice.Keep)
                    throw new CommandException("--unknown is about tenants of an earlier run. Give its report with --resume.");
                var target = parsed.GetValue(report) ?? (parsed.GetValue(dryRun) ? null : parsed.GetValue(resume));
                var updates = target is not null && parsed.GetValue(resume) is { } same && Path.GetFullPath(same) == Path.GetFullPath(target);
                if (target is not null && !updates)
                    await ExecReport.MayReplaceAsync(target, stop);
                await using var session = await CommandSession.OpenAsync(parsed.GetValue(config)!, stop);
                if (before?.Project is { } project && project != session.Options.ProjectName)
                    throw new CommandException($"The report to resume is of project '{project}', and the configuration of '{session.Options.ProjectName}'.");
                var executor = new TenantExecutor(
                    session.Pools, text, parsed.GetValue(dryRun), parsed.GetValue(retries), parsed.GetValue(timeout), TimeProvider.System);
                var tenants = before is null ? await selection.ReadSomeAsync(parsed, session, stop) : [];
                var plan = new ExecPlan(
                    text, session.Options.ProjectName, parsed.GetValue(parallelism), parsed.GetValue(dryRun), target, parsed.GetValue(unknown));

                // The old journal goes only when the new report has what it says, and until then nobody else resumes it.
                Action? forget = updates && held is not null ? () => File.Delete(held.Name) : null;
                var (result, saved) = await new ExecRun(executor, plan).RunAsync(before, tenants, forget, stop);
                if (!saved)
                {
                    // What was done must not be lost with the disk it was to be written to.
                    CommandOutput.WriteJson(result);
                    return ExitCodes.Bad;
                }

                if (parsed.GetValue(json))
                    CommandOutput.WriteJson(result);
                else
                    Write(result);
                return result.Failed + result.Unknown + result.Pending == 0 ? ExitCodes.Good : ExitCodes.Bad;
            },
            stop));
        return command;
    }

    private static async Task<string> ReadSqlAsync(string? sql, string? file, CancellationToken stop)
    {
        if ((sql is null) == (file is null))
            throw new CommandException("Give the SQL with either --sql or --file.");
        var text = sql ?? (file == "-" ? await Console.In.ReadToEndAsync(stop)
            : File.Exists(file) ? await File.ReadAllTextAsync(file!, stop)
            : throw new CommandException($"There is no file '{file}'."));
        return string.IsNullOrWhiteSpace(text) ? throw new CommandException("The SQL is empty.") : text;
    }

    private static void Write(ExecReport report)
    {
        var bad = report.Tenants.Where(t => t.Status is ExecStatus.Failed or ExecStatus.Unknown).ToList();
        if (Console.IsOutputRedirected)
        {
            foreach (var t in bad)
                CommandOutput.WriteLine($"{t.Service}/{t.Org}", CommandOutput.Name(t.Status), t.Code, t.Message);
        }
        else if (bad.Count > 0)
        {
            var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
                .AddColumns(new TableColumn("Tenant").NoWrap(), new TableColumn("Status").NoWrap(), new TableColumn("Tries").RightAligned(), new TableColumn("Why"));
            foreach (var t in bad)
                table.AddRow(new Text($"{t.Service}/{t.Org}"), new Text(t.Status.ToString()), new Text($"{t.Attempts}"), new Text(Printable.Line($"{t.Code}: {t.Message}")));
            AnsiConsole.Write(table);
        }

        Console.WriteLine(
            $"{report.Done} {(report.DryRun ? "would be done (rolled back)" : "done")}, {report.Failed} failed, {report.Unknown} unknown, "
            + $"{report.Absent} without the service, {report.Pending} not reached");
    }
}
