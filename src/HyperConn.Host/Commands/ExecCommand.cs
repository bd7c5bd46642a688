using System.CommandLine;
using Spectre.Console;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn exec</c>: SQL on all or some tenants.</summary>
internal static class ExecCommand
{
    private const int SaveEvery = 100;

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
        var resume = new Option<string?>("--resume") { Description = "Report of an earlier run: only tenants that failed or were not reached. Updates that file unless --report names another." };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var command = new Command(
            "exec",
            "Run SQL on all or some tenants, in one transaction each. Exit code 0 when all were done, 1 when some failed, 2 when it could not start.")
        {
            config, sql, file, parallelism, retries, timeout, dryRun, report, resume, json,
        };
        selection.AddTo(command);
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(
            async () =>
            {
                var text = await ReadSqlAsync(parsed.GetValue(sql), parsed.GetValue(file), stop);
                var before = parsed.GetValue(resume) is { } path ? await ExecReport.LoadAsync(path, stop) : null;
                if (before is not null && before.SqlSha256 != ExecReport.HashOf(text))
                    throw new CommandException("The report to resume is of other SQL. Give the same SQL, or start anew without --resume.");
                await using var session = await CommandSession.OpenAsync(parsed.GetValue(config)!, stop);
                var executor = new TenantExecutor(
                    session.Pools, text, parsed.GetValue(dryRun), parsed.GetValue(retries), parsed.GetValue(timeout), TimeProvider.System);
                var tenants = before is null ? await selection.ReadAsync(parsed, session, stop) : [];
                var result = await RunAsync(
                    executor,
                    text,
                    before,
                    tenants,
                    parsed.GetValue(parallelism),
                    parsed.GetValue(dryRun),
                    parsed.GetValue(report) ?? (parsed.GetValue(dryRun) ? null : parsed.GetValue(resume)),
                    stop);
                if (parsed.GetValue(json))
                    CommandOutput.WriteJson(result);
                else
                    Write(result);
                return result.Failed + result.Unknown + result.Pending == 0 ? ExitCodes.Good : ExitCodes.Bad;
            },
            stop));
        return command;
    }

    /// <summary>Runs it on the tenants, or on those of an earlier report that were not done; the report of all comes back, also when stopped.</summary>
    internal static async Task<ExecReport> RunAsync(
        TenantExecutor executor,
        string sql,
        ExecReport? before,
        IReadOnlyList<TenantKey> tenants,
        int parallelism,
        bool dryRun,
        string? path,
        CancellationToken stop)
    {
        var startedAt = DateTimeOffset.UtcNow;

        // A dry run changed nothing, so nothing of it is done. What is unknown must be looked up by people before it is run again.
        var results = before is null
            ? tenants.Select(t => new ExecResult(t.Service, t.Org, ExecStatus.Pending)).ToArray()
            : [.. before.Tenants];
        var todo = Enumerable.Range(0, results.Length)
            .Where(i => before is null || (before.DryRun && results[i].Status == ExecStatus.Done) || results[i].Status is ExecStatus.Pending or ExecStatus.Failed)
            .ToList();
        using var saving = new SemaphoreSlim(1);
        var sinceSaved = 0;
        ExecReport Now() => ExecReport.Of(sql, startedAt, DateTimeOffset.UtcNow, dryRun, [.. results]);
        try
        {
            await CommandOutput.WithProgressAsync("Running", todo.Count, done => Parallel.ForEachAsync(
                todo,
                new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = stop },
                async (i, token) =>
                {
                    var result = await executor.RunAsync(TenantKey.Create(results[i].Service, results[i].Org), token);
                    results[i] = result;
                    done(result.Status is ExecStatus.Done or ExecStatus.Absent);
                    if (path is null || Interlocked.Increment(ref sinceSaved) % SaveEvery != 0)
                        return;
                    await saving.WaitAsync(CancellationToken.None);
                    try
                    {
                        await Now().SaveAsync(path);
                    }
                    finally
                    {
                        saving.Release();
                    }
                }));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The report says how far it came.
        }

        var report = Now();
        if (path is not null)
            await report.SaveAsync(path);
        return report;
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
        if (bad.Count > 0)
        {
            var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
                .AddColumns(new TableColumn("Tenant").NoWrap(), new TableColumn("Status").NoWrap(), new TableColumn("Tries").RightAligned(), new TableColumn("Why"));
            foreach (var t in bad)
                table.AddRow(new Text($"{t.Service}/{t.Org}"), new Text(t.Status.ToString()), new Text($"{t.Attempts}"), new Text($"{t.Code}: {t.Message}"));
            AnsiConsole.Write(table);
        }

        Console.WriteLine(
            $"{report.Done} {(report.DryRun ? "would be done (rolled back)" : "done")}, {report.Failed} failed, {report.Unknown} unknown, "
            + $"{report.Absent} without the service, {report.Pending} not reached");
    }
}
