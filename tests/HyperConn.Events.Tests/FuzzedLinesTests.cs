using System.Text;
using HyperConn.Events;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests;

/// <summary>Whatever stands in a file, each line is handled or rejected, in bounded memory, and nothing stops.</summary>
public sealed class FuzzedLinesTests : IDisposable
{
    private const int Lines = 10_000;
    private const long MostMemory = 64 << 20;

    private static readonly string[] Nasty =
    [
        "\\ud800", "\\u0000", "\\udfff\\ud800", "{", "}", "[[[[[[[[", "\"", "\\", "null", "1e999", "-", ",", ":", "\u2028", "\ufeff", "😀", "\u0001", "\t", "\\u00", "rejected", "event",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-fuzz-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(20_301)]
    public async Task Ten_thousand_mutated_lines_are_each_handled_or_rejected(int seed)
    {
        var random = new Random(seed);
        var blank = 0;
        await using (var file = File.Create(Path.Combine(_folder, "a.jsonl")))
        {
            for (var i = 0; i < Lines; i++)
            {
                var line = Mutate(random, i);
                if (StreamEventSource.IsBlank(line))
                    blank++;
                file.Write(line);
                file.Write("\n"u8);
            }

            // What no memory should be filled with.
            var chunk = new byte[1 << 20];
            Array.Fill(chunk, (byte)'x');
            for (var i = 0; i < 200; i++)
                file.Write(chunk);
            file.Write("\n{\"service\": \"core\", \"org\": \"last\", \"id\": \"last\"}\n"u8);
        }

        using var source = new SpoolEventSource(
            new SpoolOptions(_folder) { PollInterval = TimeSpan.FromMilliseconds(10) }, null, TimeProvider.System, NullLogger.Instance);
        var end = new TaskCompletionSource();
        long handled = 0;
        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        long most = 0;
        using var worker = new TenantEventWorker(
            source,
            new TenantEventOptions { OrderedPerTenant = false },
            (work, _) =>
            {
                if (Interlocked.Increment(ref handled) % 500 == 0)
                    most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true));
                if (work.Event.Id == "last")
                    end.SetResult();
                return Task.FromResult(EventResult.Handled);
            },
            null,
            TimeProvider.System,
            NullLogger.Instance,
            _ => Task.CompletedTask);
        await worker.StartAsync(CancellationToken.None);
        await end.Task.WaitAsync(TimeSpan.FromSeconds(180));
        for (var i = 0; !File.Exists(Path.Combine(_folder, "a.jsonl.done")) && i < 3_000; i++)
            await Task.Delay(20);
        await worker.StopAsync(CancellationToken.None);

        var s = worker.GetStatistics();
        Assert.Equal(Lines - blank + 2, s.Ended);
        Assert.True(s.Handled > 100 && s.Rejected > 1_000, $"seed {seed}: {s}");
        Assert.Contains(s.Causes, cause => cause.Code == "LineTooLong");
        Assert.True(most - before < MostMemory, $"seed {seed}: {(most - before) >> 20} MB more than at the start");

        // Everything that was rejected can be read again, and is what it was: no event, unless it is one of the fuzz's own making.
        source.Dispose();
        using var again = StreamEventSource.File(Path.Combine(_folder, "a.jsonl.rejected"), 8 << 20, rejects: null);
        await using var reader = new Reader(again);
        Assert.Equal(s.Rejected, (await reader.TakeAsync(int.MaxValue)).Count);
    }

    private static byte[] Mutate(Random random, int number)
    {
        var line = Encoding.UTF8.GetBytes($$$"""{"service": "core", "org": "org{{{number % 40}}}", "type": "paid", "id": "{{{number}}}", "data": {"sum": {{{number}}}, "text": "é"}}""");
        for (var i = random.Next(4); i > 0; i--)
        {
            var at = random.Next(line.Length + 1);
            line = random.Next(5) switch
            {
                0 => [.. line[..at], (byte)random.Next(256), .. line[at..]],
                1 => line[..at],
                2 => [.. line[..at], .. Encoding.UTF8.GetBytes(Nasty[random.Next(Nasty.Length)]), .. line[at..]],
                3 => [.. line[..at], .. line[at..].Skip(random.Next(10))],
                _ => [.. line[..at], .. line[Math.Max(0, at - random.Next(20))..]],
            };
        }

        return [.. line.Where(b => b != (byte)'\n')];
    }
}
