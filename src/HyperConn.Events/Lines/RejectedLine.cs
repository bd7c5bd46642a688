using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace HyperConn.Events;

/// <summary>
/// How a rejected event is kept: <c>{"rejected": {"place": "a.jsonl:12", "line": 12, "code": "23505", "message": "…", "attempts": 1,
/// "at": "…", "id": "17"}, "event": {…}}</c>. What was no JSON object is kept as <c>"text"</c> instead of <c>"event"</c>, and what was no
/// text as <c>"base64"</c>.
/// </summary>
internal static class RejectedLine
{
    public const string Member = "rejected";
    public const string EventMember = "event";
    public const string TextMember = "text";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly byte[] Head = [.. "{\"rejected\":"u8];

    /// <summary>Whether a file begins as one of these does.</summary>
    public static bool Begins(byte[] bytes) => bytes.AsSpan().StartsWith(Head);

    /// <summary>Writes one, its end of line included.</summary>
    public static ReadOnlyMemory<byte> Write(LineDelivery delivery, string code, string? message, int attempts, DateTimeOffset at)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteStartObject(Member);
            json.WriteString("place", delivery.Place);
            json.WriteNumber("line", delivery.Line);
            json.WriteString("code", code);
            json.WriteString("message", message);
            json.WriteNumber("attempts", attempts);
            json.WriteString("at", at);
            if (delivery.Event is { } work)
                json.WriteString("id", work.Id);
            json.WriteEndObject();
            if (delivery.Raw is { } raw && IsObject(raw))
            {
                json.WritePropertyName(EventMember);
                json.WriteRawValue(raw, skipInputValidation: true);
            }
            else if (delivery.Raw is not null)
            {
                json.WriteString(TextMember, delivery.Raw);
            }
            else if (delivery.Base64 is not null)
            {
                json.WriteString("base64", delivery.Base64);
            }

            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    private static bool IsObject(string raw)
    {
        try
        {
            using var document = JsonDocument.Parse(raw);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
