using System.Text;
using System.Text.Json;

namespace HyperConn.Events;

/// <summary>
/// Reads one line of an event stream: a JSON object <c>{"service": "core", "org": "acme", "type": "order.placed", "id": "17",
/// "data": {…}}</c>. <c>type</c>, <c>id</c> and <c>data</c> may be left out; other members are ignored. A line of a file of rejected
/// events,
/// as <see cref="RejectedLine"/> writes it, is the event in it.
/// </summary>
internal static class EventLine
{
    /// <summary><see cref="ITenantEventSource.IdScope"/> of all sources of lines: an event rejected from one of them is fed again
    /// through another.</summary>
    public const string IdScope = "lines";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a line.</summary>
    /// <param name="line">Its bytes, without the line's end.</param>
    /// <param name="place">Where it stands: a line's place and content make the id of an event that names none.</param>
    public static ParsedLine Read(ReadOnlySpan<byte> line, LinePlace place)
    {
        string text;
        try
        {
            text = Strict.GetString(line);
        }
        catch (DecoderFallbackException)
        {
            return ParsedLine.No("NotUtf8", "The line is not valid UTF-8.", raw: null) with { Base64 = Convert.ToBase64String(line) };
        }

        try
        {
            return Read(text, place);
        }
        catch (JsonException)
        {
            return ParsedLine.No("NotJson", "The line is not JSON, or is nested deeper than 64 levels.", text);
        }
        catch (InvalidOperationException)
        {
            // A string with half a surrogate pair is JSON, but no text.
            return ParsedLine.No("NotUnicode", "A string of the event has half a surrogate pair (such as \\ud800 alone), which is no character.", text);
        }
    }

    private static ParsedLine Read(string text, LinePlace place)
    {
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            return ParsedLine.No("NotAnEvent", "The line is JSON, but not an object.", text);
        if (!root.TryGetProperty(RejectedLine.Member, out var rejected) || rejected.ValueKind != JsonValueKind.Object)
            return ReadEvent(root, text, place, id: null);
        var known = Member(rejected, "id");
        if (root.TryGetProperty(RejectedLine.EventMember, out var inner) && inner.ValueKind == JsonValueKind.Object)
            return ReadEvent(inner, inner.GetRawText(), place, known);
        return root.TryGetProperty(RejectedLine.TextMember, out var original) && original.ValueKind == JsonValueKind.String
            ? Read(Strict.GetBytes(original.GetString()!), place)
            : ParsedLine.No("NotAnEvent", "The rejected line holds no event to be fed again: correct it in 'event'.", text);
    }

    private static ParsedLine ReadEvent(JsonElement root, string text, LinePlace place, string? id)
    {
        if ((Fault(root, "service", mustBe: true) ?? Fault(root, "org", mustBe: true) ?? Fault(root, "type") ?? Fault(root, "id")) is { } fault)
            return ParsedLine.No("NotAnEvent", fault, text);
        if (!TenantKey.TryCreate(Member(root, "service"), Member(root, "org"), out var tenant))
            return ParsedLine.No("InvalidTenant", TenantFault(root), text);
        var type = Member(root, "type") is { Length: > 0 } named ? named : TenantEvent.DefaultType;
        id = Member(root, "id") is { Length: > 0 } given ? given : id is { Length: > 0 } ? id : place.IdOf(text);
        if ((TenantEvent.Fault("type", type, TenantEvent.MaxTypeLength) ?? TenantEvent.Fault("id", id, TenantEvent.MaxIdLength)) is { } bad)
            return ParsedLine.No("NotAnEvent", bad, text);
        var data = root.TryGetProperty("data", out var element) ? element.GetRawText() : "null";
        return new ParsedLine(new TenantEvent(tenant, type, id, data) { CreatedAt = place.MadeAt }, text);
    }

    private static string TenantFault(JsonElement root)
    {
        try
        {
            TenantKey.Create(Member(root, "service")!, Member(root, "org")!);
            return "";
        }
        catch (HyperConnException e)
        {
            return e.Message;
        }
    }

    private static string? Fault(JsonElement root, string name, bool mustBe = false) =>
        !root.TryGetProperty(name, out var element) || element.ValueKind == JsonValueKind.Null
            ? mustBe ? "The event needs 'service' and 'org', both strings." : null
            : element.ValueKind is JsonValueKind.String or JsonValueKind.Number ? null
            : $"The event's '{name}' must be a string or a number.";

    private static string? Member(JsonElement root, string name) =>
        root.TryGetProperty(name, out var element)
            ? element.ValueKind switch
            {
                JsonValueKind.String => element.GetString(),
                JsonValueKind.Number => element.GetRawText(),
                _ => null,
            }
            : null;
}

/// <summary>What a line is.</summary>
/// <param name="Event">The event; null: it is none.</param>
/// <param name="Raw">Its text; null: it is none.</param>
/// <param name="FaultCode">Why it is no event, in one word.</param>
/// <param name="Fault">The same for people.</param>
internal sealed record ParsedLine(TenantEvent? Event, string? Raw, string FaultCode = "", string? Fault = null)
{
    /// <summary>The bytes of a line that is no text.</summary>
    public string? Base64 { get; init; }

    public static ParsedLine No(string code, string fault, string? raw) => new(null, raw, code, fault);
}
