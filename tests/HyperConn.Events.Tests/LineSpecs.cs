using System.Text;
using HyperConn.Events;

namespace HyperConn.Tests;

/// <summary>A line is an event or says why it is none; nothing that can stand in a file stops the reading.</summary>
public class LineSpecs
{
    private static readonly LinePlace Place = new("f.jsonl", "file 1", 1);

    [Fact]
    public void A_line_is_an_event_of_a_tenant()
    {
        var parsed = Read("""{"service": "Core", "org": "acme", "type": "paid", "id": 5, "data": {"a": [1]}, "more": true}""");
        Assert.Equal(new TenantEvent(TenantKey.Create("core", "acme"), "paid", "5", """{"a": [1]}"""), parsed.Event);
    }

    [Fact]
    public void Type_and_data_may_be_left_out_and_an_id_is_made_of_place_and_content()
    {
        var parsed = Read("""{"service": "core", "org": "acme"}""");
        Assert.Equal((TenantEvent.DefaultType, "null"), (parsed.Event!.Type, parsed.Event.Data));
        Assert.Equal(parsed.Event.Id, Read("""{"service": "core", "org": "acme"}""").Event!.Id);
        Assert.NotEqual(parsed.Event.Id, Read("""{"service": "core", "org": "acme" }""").Event!.Id);
        Assert.NotEqual(parsed.Event.Id, Read("""{"service": "core", "org": "acme"}""", Place with { Number = 2 }).Event!.Id);
        Assert.NotEqual(parsed.Event.Id, Read("""{"service": "core", "org": "acme"}""", Place with { Identity = "file 2" }).Event!.Id);
    }

    [Theory]
    [InlineData("{", "NotJson")]
    [InlineData("[1]", "NotAnEvent")]
    [InlineData("{}", "NotAnEvent")]
    [InlineData("""{"service": "core"}""", "NotAnEvent")]
    [InlineData("""{"service": "core", "org": ["a"]}""", "NotAnEvent")]
    [InlineData("""{"service": "core", "org": "a", "id": {}}""", "NotAnEvent")]
    [InlineData("""{"service": "core", "org": "a", "id": "a\u0000"}""", "NotAnEvent")]
    [InlineData("""{"service": "core", "org": "a b"}""", "InvalidTenant")]
    [InlineData("""{"service": "core", "org": "arn:x"}""", "InvalidTenant")]
    [InlineData("""{"service": "core", "org": "org1", "id": "\ud800"}""", "NotUnicode")]
    [InlineData("""{"service": "\udc00", "org": "org1"}""", "NotUnicode")]
    public void What_is_no_event_says_why(string line, string code)
    {
        var parsed = Read(line);
        Assert.Null(parsed.Event);
        Assert.Equal(code, parsed.FaultCode);
        Assert.False(string.IsNullOrEmpty(parsed.Fault));
        Assert.Equal(line, parsed.Raw);
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_refused_and_kept_as_they_are()
    {
        byte[] line = [.. "{\"service\": \"core\", \"org\": \"a\", \"data\": \""u8, 0xff, 0xfe, .. "\"}"u8];
        var parsed = EventLine.Read(line, Place);
        Assert.Equal("NotUtf8", parsed.FaultCode);
        Assert.Equal(line, Convert.FromBase64String(parsed.Base64!));
    }

    [Theory]
    [InlineData("""{"service": "core", "org": "nobody", "id": "7", "data": {"a": "é"}}""")]
    [InlineData("""{"service": "core", "org": "nobody"}""")]
    public void A_rejected_event_is_fed_again_as_the_same_event(string line)
    {
        var parsed = Read(line);
        var kept = Keep(parsed);
        Assert.True(RejectedLine.Begins(kept));
        Assert.Equal(parsed.Event, EventLine.Read(kept.AsSpan()[..^1], new LinePlace("f.jsonl.rejected", "file 2", 9)).Event);
    }

    [Fact]
    public void What_was_no_event_is_fed_again_as_what_it_was_and_rejected_again()
    {
        var again = EventLine.Read(Keep(Read("not \"json\"\t")).AsSpan()[..^1], Place);
        Assert.Equal(("NotJson", "not \"json\"\t"), (again.FaultCode, again.Raw));
    }

    [Theory]
    [InlineData("a\nb\r\n\nc", "a", "b", "", "c")]
    [InlineData("\ufeffa\n", "a")]
    [InlineData("")]
    public async Task A_stream_is_cut_into_lines(string text, params string[] lines)
    {
        foreach (var piece in new[] { 1, 3, 1_000 })
            Assert.Equal(lines, (await CutAsync(Encoding.UTF8.GetBytes(text), piece, 100)).Select(line => line.Text));
    }

    [Theory]
    [InlineData(11, true)]
    [InlineData(10, false)]
    [InlineData(100_000, true)]
    public async Task A_line_that_is_too_long_is_passed_over_and_its_neighbours_are_whole(int length, bool isTooLong)
    {
        foreach (var end in new[] { "\nafter", "" })
        {
            var text = "before\n" + new string('x', length) + end;
            foreach (var piece in new[] { 1, 7, 1_000_000 })
            {
                var lines = await CutAsync(Encoding.UTF8.GetBytes(text), piece, 10);
                Assert.Equal("before", lines[0].Text);
                Assert.Equal((isTooLong, 7L, 2L), (lines[1].IsTooLong, lines[1].Start, lines[1].Number));
                Assert.Equal(end.Length > 0 ? "after" : null, lines.Count > 2 ? lines[2].Text : null);
                Assert.Equal(text.Length, lines[^1].End);
            }
        }
    }

    private static byte[] Keep(ParsedLine parsed) => RejectedLine.Write(
        new LineDelivery { Place = "f.jsonl:1", Line = 1, Raw = parsed.Raw, Base64 = parsed.Base64, Event = parsed.Event }, "x", "why", 3, DateTimeOffset.UnixEpoch).ToArray();

    private static ParsedLine Read(string line, LinePlace? place = null) => EventLine.Read(Encoding.UTF8.GetBytes(line), place ?? Place);

    private static async Task<List<(string Text, long Start, long End, long Number, bool IsTooLong)>> CutAsync(byte[] bytes, int piece, int longest)
    {
        var reader = new LineReader(new Pieces(bytes, piece), longest);
        var lines = new List<(string, long, long, long, bool)>();
        do
        {
            while (reader.TryTake(out var line))
                lines.Add((Encoding.UTF8.GetString(line.Bytes.Span), line.Start, line.End, line.Number, line.IsTooLong));
        }
        while (await reader.FillAsync(CancellationToken.None));
        return lines;
    }

    /// <summary>A stream that gives a few bytes at a time.</summary>
    private sealed class Pieces(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(most, buffer.Length)], cancellationToken);
    }
}
