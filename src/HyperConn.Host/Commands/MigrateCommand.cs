using System.CommandLine;
using System.Reflection;
using HyperConn.EntityFrameworkCore;
using HyperConn.EntityFrameworkCore.Contexts;
using HyperConn.EntityFrameworkCore.Migrations;
using Spectre.Console;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn migrate</c>: migrations of Entity Framework Core on all or some tenants.</summary>
internal static class MigrateCommand
{
    public static Command Create()
    {
        var config = CommandSession.ConfigOption();
        var selection = new TenantSelection();
        var assembly = new Option<string>("--assembly", "-a") { Description = "File of the assembly with the context and its migrations (.dll).", Required = true };
        var context = new Option<string?>("--context") { Description = "Type of the context, if the assembly has several." };
        var target = new Option<string?>("--target") { Description = "Migration to arrive at, upwards or downwards; 0 reverts all. Default: the newest." };
        var parallelism = DemoCommand.Number("--parallelism", "Tenants at once; each server's budget bounds them as well.", 8, 1, 1_000);
        var retries = DemoCommand.Number("--retries", "Further tries after a fault that passes, such as a deadlock.", 3, 0, 100);
        var timeout = new Option<TimeSpan>("--timeout")
        {
            Description = "Longest time for one tenant, such as 30s or 10m; 1s to 1d.",
            CustomParser = Durations.Parse,
            DefaultValueFactory = _ => TimeSpan.FromMinutes(10),
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Write nothing to the databases: print the SQL of each tenant, or write it to --output." };
        var output = new Option<string?>("--output") { Description = "With --dry-run, folder for a script a tenant: service/org.sql." };
        var report = new Option<string?>("--report") { Description = "File that the report is written to." };
        var resume = new Option<string?>("--resume") { Description = "Report of an earlier run: only tenants that failed or were not reached. Updates that file unless --report names another." };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var command = new Command(
            "migrate",
            "Run migrations of Entity Framework Core on all or some tenants. Exit code 0 when all are there, 1 when some failed, 2 when it could not start.")
        {
            config, assembly, context, target, parallelism, retries, timeout, dryRun, output, report, resume, json,
        };
        selection.AddTo(command);
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(
            async () =>
            {
                var before = parsed.GetValue(resume) is { } path ? await MigrateReport.Stored.LoadAsync(path, stop) : null;
                if (before is not null && selection.IsGiven(parsed))
                    throw new CommandException("--resume takes its tenants from the report. Leave out --tenant, --service and --filter.");
                if (parsed.GetValue(output) is not null && !parsed.GetValue(dryRun))
                    throw new CommandException("--output is for the scripts of --dry-run.");
                if (parsed.GetValue(timeout) is var most && (most < TimeSpan.FromSeconds(1) || most > TimeSpan.FromDays(1)))
                    throw new CommandException("--timeout: give 1s to 1d.");
                var file = parsed.GetValue(report) ?? (parsed.GetValue(dryRun) ? null : parsed.GetValue(resume));
                if (file is not null)
                    await MigrateReport.Stored.MayReplaceAsync(file, stop);
                var loaded = MigrationAssembly.Load(parsed.GetValue(assembly)!, parsed.GetValue(context));
                await using var session = await CommandSession.OpenAsync(parsed.GetValue(config)!, stop);
                if (before is not null && (before.Project, before.Context) != (session.Options.ProjectName, loaded.Context.FullName))
                    throw new CommandException($"The report to resume is of project '{before.Project}' and {before.Context}, and this would be of '{session.Options.ProjectName}' and {loaded.Context.FullName}.");
                var rest = before?.Tenants.Where(t => MustRun(before, t)).Select(t => TenantKey.Create(t.Service, t.Org)).ToArray();
                var tenants = rest ?? await selection.ReadSomeAsync(parsed, session, stop);
                var options = new MigrateAllOptions
                {
                    TargetMigration = parsed.GetValue(target),
                    MaxParallelism = parsed.GetValue(parallelism),
                    Retries = parsed.GetValue(retries),
                    TenantTimeout = most,
                    DryRun = parsed.GetValue(dryRun),
                };
                var run = Prepare(loaded, session, options, tenants);
                var started = DateTimeOffset.UtcNow;
                var result = Report([.. tenants.Select(t => new TenantMigrationResult(t, TenantMigrationStatus.Pending))]);
                if (await ReportFile<MigrateReport>.TrySaveAsync(file, result) is { } fault)
                    throw new CommandException($"The report can't be written to '{file}', so nothing was run: {fault}");
                await CommandOutput.WithProgressAsync(options.DryRun ? "Scripting" : "Migrating", tenants.Count, async done =>
                {
                    options.Progress = new Told(progress => done(progress.Result.Status != TenantMigrationStatus.Failed));
                    result = Report((await run.RunAsync(tenants, stop)).Results);
                });
                if (await ReportFile<MigrateReport>.TrySaveAsync(file, result) is { } lost)
                {
                    // What was done must not be lost with the disk it was to be written to.
                    await Console.Error.WriteLineAsync($"The report can't be written to '{file}' any more; here it is: {Printable.Line(lost)}");
                    CommandOutput.WriteJson(result);
                    return ExitCodes.Bad;
                }

                foreach (var script in result.Tenants.Where(t => t.Script is not null && parsed.GetValue(output) is not null))
                    MigrationScripts.Write(parsed.GetValue(output)!, script);
                if (parsed.GetValue(json))
                    CommandOutput.WriteJson(result);
                else
                    Write(result, withScripts: parsed.GetValue(output) is null);
                return result.Failed + result.Pending == 0 ? ExitCodes.Good : ExitCodes.Bad;

                MigrateReport Report(IReadOnlyList<TenantMigrationResult> results)
                {
                    // Those of an earlier run that were done stay in the report.
                    var now = results.ToDictionary(r => r.Tenant, MigrateResult.Of);
                    var all = before?.Tenants.Select(t => now.GetValueOrDefault(TenantKey.Create(t.Service, t.Org)) ?? t).ToArray() ?? [.. now.Values];
                    return MigrateReport.Of(session.Options.ProjectName, loaded.Context.FullName!, options.TargetMigration, options.DryRun, started, all);
                }
            },
            stop));
        return command;
    }

    // A dry run changed nothing, so nothing of it is done.
    private static bool MustRun(MigrateReport before, MigrateResult result) => result.Status switch
    {
        TenantMigrationStatus.Pending or TenantMigrationStatus.Failed or TenantMigrationStatus.Scripted => true,
        TenantMigrationStatus.UpToDate => before.DryRun,
        _ => false,
    };

    private static TenantMigrationRun Prepare(
        MigrationAssembly loaded, CommandSession session, MigrateAllOptions options, IReadOnlyList<TenantKey> tenants)
    {
        try
        {
            var maker = ContextMaker.Of(loaded.Context, loaded.Assembly, session.Services);
            var run = new TenantMigrationRun(maker.Create, options, wereListed: true);
            if (tenants.Count > 0)
                run.Check(tenants[0]);
            return run;
        }
        catch (Exception exception) when (exception is InvalidOperationException or MissingMethodException or TargetInvocationException)
        {
            throw new CommandException((exception.InnerException ?? exception).Message);
        }
    }

    private static void Write(MigrateReport report, bool withScripts)
    {
        foreach (var script in report.Tenants.Where(t => withScripts && t.Script is not null))
            MigrationScripts.Print(Console.Out, script);

        var bad = report.Tenants.Where(t => t.Status == TenantMigrationStatus.Failed).ToList();
        if (Console.IsOutputRedirected)
        {
            foreach (var t in bad)
                CommandOutput.WriteLine($"{t.Service}/{t.Org}", CommandOutput.Name(t.Status), t.Code, t.Message);
        }
        else if (bad.Count > 0)
        {
            var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
                .AddColumns(new TableColumn("Tenant").NoWrap(), new TableColumn("Tries").RightAligned(), new TableColumn("Why"));
            foreach (var t in bad)
                table.AddRow(new Text($"{t.Service}/{t.Org}"), new Text($"{t.Attempts}"), new Text(Printable.Line($"{t.Code}: {t.Message}")));
            AnsiConsole.Write(table);
        }

        // As comments of SQL where scripts come before.
        Console.WriteLine(
            $"{(withScripts && report.DryRun ? "-- " : "")}{(report.DryRun ? $"{report.Scripted} scripted" : $"{report.Migrated} migrated")}, "
            + $"{report.UpToDate} up to date, {report.Failed} failed, {report.Absent} without the service, {report.Pending} not reached");
    }

    private sealed class Told(Action<TenantMigrationProgress> tell) : IProgress<TenantMigrationProgress>
    {
        public void Report(TenantMigrationProgress value) => tell(value);
    }
}
