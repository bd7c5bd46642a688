using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace HyperConn.Host.Commands;

/// <summary>What the operators' commands share: JSON on standard output, progress on standard error, exit codes.</summary>
internal static class CommandOutput
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(2);

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // It is read by people and programs, not put into a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void WriteJson<T>(T value) => Console.WriteLine(JsonSerializer.Serialize(value, Json));

    /// <summary>Prints one line for programs: cells with tabs between them.</summary>
    public static void WriteLine(params string?[] cells) =>
        Console.WriteLine(string.Join('\t', cells.Select(cell => Printable.Line(cell ?? ""))));

    /// <summary>How a value is written in JSON.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    /// <summary>
    /// Runs a command. What it can't start for is one line on standard error and exit code 2, what breaks it off later one line and 1; the
    /// stack of a fault nobody thought of is shown where <c>HYPERCONN_STACKS</c> is set.
    /// </summary>
    public static async Task<int> RunAsync(Func<Task<int>> command, CancellationToken stop)
    {
        try
        {
            return await command();
        }
        catch (OutputLostException lost)
        {
            await Console.Error.WriteLineAsync(lost.Message);
            return ExitCodes.Bad;
        }
        catch (Exception exception) when (exception is CommandException or HyperConnException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(Printable.Lines(exception.Message));
            return ExitCodes.NotStarted;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped.");
            return ExitCodes.Bad;
        }
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync($"Broken off by a fault: {exception.GetType().Name}: {Printable.Line(exception.Message)}");
            if (Environment.GetEnvironmentVariable("HYPERCONN_STACKS") is { Length: > 0 })
                await Console.Error.WriteLineAsync(Printable.Lines(exception.ToString()));
            return ExitCodes.Bad;
        }
    }

    /// <summary>Shows progress while work is done: a bar on a terminal, a line now and then otherwise. Tell it each thing that is done.</summary>
    public static async Task WithProgressAsync(string what, int total, Func<Action<bool>, Task> work)
    {
        var done = 0;
        var failed = 0;
        if (!Console.IsErrorRedirected)
        {
            var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
            await console.Progress()
                .AutoClear(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .StartAsync(async context =>
                {
                    var bar = context.AddTask(what, maxValue: Math.Max(1, total));
                    await work(good =>
                    {
                        Interlocked.Increment(ref done);
                        if (!good)
                            Interlocked.Increment(ref failed);
                        bar.Value = Volatile.Read(ref done);
                        if (Volatile.Read(ref failed) is > 0 and var bad)
                            bar.Description = $"{what} [red]{bad} failed[/]";
                    });
                });
            return;
        }

        using var timer = new Timer(
            _ => Console.Error.WriteLine($"{what}: {Volatile.Read(ref done)} of {total}, {Volatile.Read(ref failed)} failed"),
            null,
            LineEvery,
            LineEvery);
        await work(good =>
        {
            Interlocked.Increment(ref done);
            if (!good)
                Interlocked.Increment(ref failed);
        });
    }
}
