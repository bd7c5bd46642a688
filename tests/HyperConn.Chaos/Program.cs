using System.CommandLine;
using HyperConn.Chaos;
using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Reports;
using HyperConn.Chaos.Rounds;

// A server that takes connections and says nothing costs a thread for each command that times out there: Npgsql's request to cancel it blocks. This
// program is the application, so it has as many in reserve as it has workers.
ThreadPool.SetMinThreads(128, 128);

var command = new ChaosCommand();
command.Root.SetAction(async (parsed, cancellationToken) =>
{
    var options = command.Read(parsed);
    Say($"seed {options.Seed}, {options.Duration.TotalSeconds:0} s, {options.Tenants} tenants");
    var run = new ChaosRun(options, Say);
    try
    {
        await run.RunAsync(cancellationToken);
    }
    catch (Xunit.SkipException missing)
    {
        Say($"skipped: {missing.Message}");
        return 0;
    }
    catch
    {
        // What was seen until then is worth most now.
        await WriteAsync(run, options);
        throw;
    }

    await WriteAsync(run, options);
    return run.IsSound ? 0 : 1;
});

// Ctrl+C ends the round, the report is written, and frozen servers are thawed and ended: that takes longer than the two seconds there are otherwise.
return await command.Root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(3) });

static async Task WriteAsync(ChaosRun run, ChaosOptions options)
{
    if (options.Report is { } report)
        await File.WriteAllTextAsync(report.FullName, ChaosReport.Of(run, options).ToJson(), CancellationToken.None);
    if (options.Picture is { } picture)
        await File.WriteAllTextAsync(picture.FullName, ChaosPicture.Draw(run, options), CancellationToken.None);
    ResultTable.Print(run, options);
}

static void Say(string text) => Console.WriteLine(FormattableString.Invariant($"{RunClock.Now.TotalSeconds,7:0.0}  {text}"));
