using System.Diagnostics;
using System.Text.Json;
using HyperConn.Events;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests;

/// <summary>A spool loses no event and no file, whatever is put into the folder and whenever the process ends.</summary>
public sealed class SpoolSpecs : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-spool-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Files_are_read_in_the_order_of_their_names_and_renamed_when_the_last_event_is_done()
    {
        await PutAsync("b.jsonl", "3");
        await PutAsync("a.jsonl", "1", "2");
        using var source = Source();
        await using var reader = new Reader(source);
        var deliveries = await reader.TakeAsync(3);
        Assert.Equal(["a.jsonl:1", "a.jsonl:2", "b.jsonl:1"], deliveries.Select(d => d.Place));

        await CompleteAsync(source, deliveries[1], deliveries[0]);
        await UntilAsync(reader, () => Exists("a.jsonl.done"));
        Assert.True(Exists("b.jsonl"));
        await CompleteAsync(source, deliveries[2]);
        await UntilAsync(reader, () => Exists("b.jsonl.done"));
    }

    [Fact]
    public async Task A_restart_begins_where_the_last_run_was_whatever_the_order_in_which_events_were_done()
    {
        await PutAsync("a.jsonl", "1", "2", "3", "", "5", "6");
        using (var first = Source())
        {
            await using var reader = new Reader(first);
            var deliveries = await reader.TakeAsync(5);
            await CompleteAsync(first, deliveries[0], deliveries[2], deliveries[3]);
            await first.FlushAsync(CancellationToken.None);
        }

        using (var second = Source())
        {
            await using var reader = new Reader(second);
            var deliveries = await reader.TakeAsync(1);
            Assert.Equal("a.jsonl:2", deliveries[0].Place);
            // It ends before the next of what is left was met again.
            await CompleteAsync(second, deliveries[0]);
            await second.FlushAsync(CancellationToken.None);
        }

        using var third = Source();
        await using var last = new Reader(third);
        var rest = await last.TakeAsync(1);
        Assert.Equal("a.jsonl:6", rest[0].Place);
        await CompleteAsync(third, rest[0]);
        await UntilAsync(last, () => Exists("a.jsonl.done"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Over_any_number_of_restarts_every_event_is_done_once(int seed)
    {
        var random = new Random(seed);
        await PutAsync("a.jsonl", [.. Enumerable.Range(0, 200).Select(i => i % 7 == 0 ? "" : $"a{i}")]);
        await PutAsync("b.jsonl", [.. Enumerable.Range(0, 100).Select(i => $"b{i}")]);
        var done = new List<string>();
        for (var run = 0; run < 60 && !(Exists("a.jsonl.done") && Exists("b.jsonl.done")); run++)
        {
            using var source = Source();
            await using var reader = new Reader(source);
            var held = await reader.TakeAsync(random.Next(1, 40), mayEnd: true);
            foreach (var delivery in held.OrderBy(_ => random.Next()).Take(random.Next(1, held.Count + 1)))
            {
                await CompleteAsync(source, delivery);
                done.Add(delivery.Event!.Id);
            }

            await source.FlushAsync(CancellationToken.None);
        }

        Assert.Equal(done.Order(StringComparer.Ordinal).Distinct(), done.Order(StringComparer.Ordinal));
        Assert.Equal(171 + 100, done.Count);
    }

    [Fact]
    public async Task A_second_file_of_the_same_name_put_there_while_the_first_is_under_way_is_read_too()
    {
        await PutAsync("a.jsonl", "1", "2");
        using var source = Source();
        await using var reader = new Reader(source);
        var first = await reader.TakeAsync(2);
        await CompleteAsync(source, first[0]);
        await PutAsync("a.jsonl", "3");
        await CompleteAsync(source, first[1]);

        var second = await reader.TakeAsync(1);
        Assert.Equal("3", second[0].Event!.Id);
        Assert.True(Exists("a.jsonl"));
        await CompleteAsync(source, second[0]);
        await UntilAsync(reader, () => Exists("a.jsonl.done"));
    }

    [Fact]
    public async Task A_file_that_is_done_with_takes_no_earlier_one_s_place()
    {
        using var source = Source();
        await using var reader = new Reader(source);
        foreach (var id in new[] { "1", "2" })
        {
            await PutAsync("a.jsonl", id);
            await CompleteAsync(source, (await reader.TakeAsync(1))[0]);
            await UntilAsync(reader, () => !Exists("a.jsonl"));
        }

        await UntilAsync(reader, () => Directory.GetFiles(_folder, "*.done").Length == 2);
        Assert.Equal(2, Directory.GetFiles(_folder, "*.done").Select(File.ReadAllText).Distinct().Count());
    }

    [Fact]
    public async Task Rejected_events_are_kept_beside_the_file_with_line_code_message_and_attempts()
    {
        await PutAsync("a.jsonl", "1");
        await File.AppendAllTextAsync(Path.Combine(_folder, "a.jsonl"), "bad\n");
        using (var source = Source())
        {
            await using var reader = new Reader(source);
            var deliveries = await reader.TakeAsync(2);
            await source.CompleteAsync(deliveries[0], new EventOutcome(EventResult.Rejected, "23505", "it is there", 4), CancellationToken.None);
            await source.CompleteAsync(deliveries[1], new EventOutcome(EventResult.Rejected, deliveries[1].FaultCode, deliveries[1].Fault, 0), CancellationToken.None);
            await UntilAsync(reader, () => Exists("a.jsonl.done"));
        }

        var path = Path.Combine(_folder, "a.jsonl.rejected");
        var kept = (await File.ReadAllLinesAsync(path)).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var first = kept[0].GetProperty("rejected");
        Assert.Equal((1, "23505", "it is there", 4, "1"), (
            first.GetProperty("line").GetInt32(), first.GetProperty("code").GetString(), first.GetProperty("message").GetString(),
            first.GetProperty("attempts").GetInt32(), first.GetProperty("id").GetString()));
        Assert.Equal(("NotJson", "bad"), (kept[1].GetProperty("rejected").GetProperty("code").GetString(), kept[1].GetProperty("text").GetString()));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));

        // Fed again it is the same event.
        using var again = StreamEventSource.File(path, 1_000, rejects: null);
        await using var fed = new Reader(again);
        Assert.Equal("1", (await fed.TakeAsync(1))[0].Event!.Id);
    }

    [SkippableFact]
    public async Task Links_pipes_and_what_can_t_be_read_are_named_once_and_the_others_go_on()
    {
        Skip.If(OperatingSystem.IsWindows(), "There are no pipes in folders.");
        var outside = Path.Combine(_folder, "secret.txt");
        await File.WriteAllTextAsync(outside, "secret");
        File.CreateSymbolicLink(Path.Combine(_folder, "a-link.jsonl"), outside);
        File.CreateSymbolicLink(Path.Combine(_folder, "b-dangling.jsonl"), Path.Combine(_folder, "nowhere"));
        Process.Start("mkfifo", [Path.Combine(_folder, "c-pipe.jsonl")]).WaitForExit();
        Directory.CreateDirectory(Path.Combine(_folder, "d-folder.jsonl"));
        await PutAsync("e.jsonl", "1");
        var log = new Lines();
        using var source = Source(log);
        await using var reader = new Reader(source);

        var delivery = Assert.Single(await reader.TakeAsync(1));
        Assert.Equal("e.jsonl:1", delivery.Place);
        await CompleteAsync(source, delivery);
        await PutAsync("f.jsonl", "2");
        await CompleteAsync(source, (await reader.TakeAsync(1))[0]);
        Assert.Equal(["a-link", "b-dangling", "c-pipe", "d-folder"], log.Said.Select(line => Path.GetFileName(line.Split(' ')[0]).Split('.')[0]).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task Nothing_is_appended_to_a_file_that_is_not_ours()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links are the point.");
        var victim = Path.Combine(_folder, "victim");
        await File.WriteAllTextAsync(victim, "precious\n");
        File.CreateSymbolicLink(Path.Combine(_folder, "a.jsonl.rejected"), victim);
        Assert.Contains("link", Assert.Throws<IOException>(() => new RejectsFile(Path.Combine(_folder, "a.jsonl.rejected"), TimeProvider.System, atOnce: true)).Message, StringComparison.Ordinal);
        Assert.Contains("no file of rejected events", Assert.Throws<IOException>(() => new RejectsFile(victim, TimeProvider.System, atOnce: true)).Message, StringComparison.Ordinal);
        Process.Start("ln", [victim, Path.Combine(_folder, "second-name")]).WaitForExit();
        Assert.Throws<IOException>(() => new RejectsFile(Path.Combine(_folder, "second-name"), TimeProvider.System, atOnce: true));

        // Beside a spooled file another name is found.
        await PutAsync("a.jsonl", "1");
        using var source = Source();
        await using var reader = new Reader(source);
        await source.CompleteAsync((await reader.TakeAsync(1))[0], new EventOutcome(EventResult.Rejected, "x", "y"), CancellationToken.None);
        await UntilAsync(reader, () => Exists("a.jsonl.done"));
        Assert.Equal("precious\n", await File.ReadAllTextAsync(victim));
        Assert.True(Exists("a.jsonl.1.rejected"));
    }

    [Fact]
    public void A_file_for_rejected_events_that_can_t_be_written_is_known_at_once_and_an_empty_one_does_not_stay()
    {
        Assert.ThrowsAny<IOException>(() => new RejectsFile(Path.Combine(_folder, "nowhere", "x"), TimeProvider.System, atOnce: true));
        new RejectsFile(Path.Combine(_folder, "x"), TimeProvider.System, atOnce: true).Dispose();
        Assert.Empty(Directory.EnumerateFiles(_folder));
    }

    [Fact]
    public void A_folder_is_read_by_one_process()
    {
        using var source = Source();
        Assert.Contains("another process", Assert.Throws<IOException>(() => Source()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_that_can_t_be_saved_stops_the_reading()
    {
        await PutAsync("a.jsonl", "1", "2");
        using var source = Source();
        await using var reader = new Reader(source);
        var deliveries = await reader.TakeAsync(2);
        // What is there can't be replaced by a file.
        File.Delete(Path.Combine(_folder, ".hyperconn-progress.json"));
        Directory.CreateDirectory(Path.Combine(_folder, ".hyperconn-progress.json", "x"));
        await CompleteAsync(source, deliveries[0]);

        await Assert.ThrowsAsync<IOException>(() => reader.EndAsync());
        await Assert.ThrowsAsync<IOException>(() => CompleteAsync(source, deliveries[1]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"version": 1, "files": [{"pending": null}]}""")]
    [InlineData("""{"version": 9, "files": []}""")]
    [InlineData("""{"version": 1, "files": [{"device": 1, "inode": 1, "size": 1, "time": 1, "name": "x", "frontier": 9, "lines": 0, "pending": [5], "readFrom": 0, "readFromLines": 0}]}""")]
    public async Task Progress_that_makes_no_sense_is_said_and_files_are_read_from_their_start(string text)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, ".hyperconn-progress.json"), text);
        await PutAsync("a.jsonl", "1");
        using var source = Source();
        await using var reader = new Reader(source);
        Assert.Equal("a.jsonl:1", (await reader.TakeAsync(1))[0].Place);
    }

    private SpoolEventSource Source(ILogger? log = null) => new(
        new SpoolOptions(_folder) { PollInterval = TimeSpan.FromMilliseconds(10), SaveInterval = TimeSpan.FromMilliseconds(20) },
        null,
        TimeProvider.System,
        log ?? NullLogger.Instance);

    private bool Exists(string name) => File.Exists(Path.Combine(_folder, name));

    private async Task PutAsync(string name, params string[] ids)
    {
        var part = Path.Combine(_folder, $"{name}.{Guid.NewGuid():N}.part");
        await File.WriteAllLinesAsync(part, ids.Select(id => id.Length == 0 ? "" : $$"""{"service": "core", "org": "acme", "id": "{{id}}"}"""));
        File.Move(part, Path.Combine(_folder, name), overwrite: true);
    }

    private static async Task CompleteAsync(SpoolEventSource source, params TenantDelivery[] deliveries)
    {
        foreach (var delivery in deliveries)
            await source.CompleteAsync(delivery, new EventOutcome(EventResult.Handled), CancellationToken.None);
    }

    private static async Task UntilAsync(Reader reader, Func<bool> condition)
    {
        reader.GoOn();
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "It did not happen.");
            await Task.Delay(10);
        }
    }

    /// <summary>What is logged.</summary>
    private sealed class Lines : ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Said { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Said.Enqueue(formatter(state, exception));
    }
}
