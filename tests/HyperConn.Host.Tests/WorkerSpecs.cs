using HyperConn.Host.Commands;
using HyperConn.Host.Workers;

namespace HyperConn.Tests;

public class WorkerSpecs
{
    [Theory]
    [InlineData("30", 30_000)]
    [InlineData("30s", 30_000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("250ms", 250)]
    [InlineData("2h", 7_200_000)]
    [InlineData("00:00:30", 30_000)]
    [InlineData("01:05:00", 3_900_000)]
    public void Times_are_a_number_and_a_unit(string text, int milliseconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("0")]
    [InlineData("1d")]
    [InlineData("1sm")]
    [InlineData("00:00:00")]
    [InlineData("-00:00:01")]
    [InlineData("1:2")]
    [InlineData("1e9s")]
    [InlineData("NaN")]
    [InlineData("99999999h")]
    public void Anything_else_is_no_time(string text) => Assert.False(Durations.TryParse(text, out _));

    [Fact]
    public void A_line_is_an_event_of_a_tenant()
    {
        var delivery = EventLine.Read("f:1", """{"service": "Core", "org": "acme", "type": "paid", "id": 5, "data": {"a": [1]}, "more": true}""");
        Assert.Equal(new TenantEvent(TenantKey.Create("core", "acme"), "paid", "5", """{"a": [1]}"""), delivery.Event);
    }

    [Fact]
    public void Type_id_and_data_may_be_left_out() => Assert.Equal(
        new TenantEvent(TenantKey.Create("core", "acme"), EventLine.DefaultType, null, "null"),
        EventLine.Read("f:1", """{"service": "core", "org": "acme"}""").Event);

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("{}")]
    [InlineData("""{"service": "core"}""")]
    [InlineData("""{"service": "core", "org": ["a"]}""")]
    [InlineData("""{"service": "core", "org": "a b"}""")]
    [InlineData("""{"service": "core", "org": "arn:x"}""")]
    public void What_is_no_event_says_why(string line)
    {
        var delivery = EventLine.Read("f:1", line);
        Assert.Null(delivery.Event);
        Assert.False(string.IsNullOrEmpty(delivery.Fault));
        Assert.Equal(line, delivery.Raw);
    }

    [Fact]
    public async Task A_spooled_file_is_done_only_when_its_last_event_is()
    {
        var folder = Directory.CreateTempSubdirectory("hyperconn-spool-test-").FullName;
        try
        {
            var line = """{"service": "core", "org": "acme"}""";
            await File.WriteAllLinesAsync(Path.Combine(folder, "a.jsonl"), [line, line]);
            using var rejects = new Rejects(null);
            var source = new SpoolEventSource(folder, TimeSpan.FromMilliseconds(10), rejects);
            using var stop = new CancellationTokenSource();
            var deliveries = new List<Delivery>();
            await foreach (var delivery in source.ReadAsync(stop.Token))
            {
                deliveries.Add(delivery);
                if (deliveries.Count == 2)
                    break;
                Assert.Equal("a.jsonl:1", delivery.Place);
            }

            await source.CompleteAsync(deliveries[0], EventOutcome.Done);
            await source.CompleteAsync(deliveries[1], EventOutcome.Done);
            Assert.True(File.Exists(Path.Combine(folder, "a.jsonl")), "Its end was not read: there may be more in it.");

            var again = new SpoolEventSource(folder, TimeSpan.FromMilliseconds(10), rejects);
            var count = 0;
            await foreach (var delivery in again.ReadAsync(stop.Token))
            {
                await again.CompleteAsync(delivery, EventOutcome.Done);
                if (++count == 2)
                    stop.CancelAfter(TimeSpan.FromMilliseconds(200));
            }

            Assert.Equal(2, count);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Events_that_go_wrong_are_counted_by_cause()
    {
        var counters = new EventCounters();
        foreach (var cause in new[] { "53300", "TimedOut", "53300" })
        {
            counters.Begin();
            counters.End(new EventOutcome(EventResult.Failed, cause, "why"));
        }

        counters.Begin();
        counters.End(EventOutcome.Done);
        Assert.Equal((1, 3, 0, 4, 0), (counters.Done, counters.Failed, counters.WrongTenant, counters.All, counters.InFlight));
        Assert.Equal([("53300", 2L), ("TimedOut", 1L)], counters.Causes.Select(cause => (cause.Name, cause.Count)));
    }
}
