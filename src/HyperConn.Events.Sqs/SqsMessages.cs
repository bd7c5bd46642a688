using System.Globalization;
using System.Text.Json;
using Amazon.SQS.Model;

namespace HyperConn.Events.Sqs;

/// <summary>
/// Reads messages. Either the attributes <c>service</c> and <c>org</c> (and <c>type</c>, <c>id</c>) name the event and the body is its data,
/// or the body is an event as a line of JSON elsewhere. An event without an id of its own has the message's deduplication id, or else its id.
/// </summary>
internal static class SqsMessages
{
    // What a delivery takes beside its body, about.
    private const int Overhead = 2_048;

    public static SqsDelivery Read(Message message, bool isFifo)
    {
        var system = message.Attributes ?? [];
        var sentAt = Number(system, "SentTimestamp") is { } sent ? DateTimeOffset.FromUnixTimeMilliseconds(sent) : (DateTimeOffset?)null;
        var otherwise = system.GetValueOrDefault("MessageDeduplicationId") is { Length: > 0 } id ? id : message.MessageId;
        var body = message.Body ?? "";
        var (work, fault) = Attribute(message, "service") is { } service && Attribute(message, "org") is { } org
            ? FromAttributes(message, service, org, otherwise, body)
            : FromBody(body, otherwise);
        return new SqsDelivery
        {
            MessageId = message.MessageId,
            ReceiptHandle = message.ReceiptHandle,
            Group = isFifo ? system.GetValueOrDefault("MessageGroupId") : null,
            Place = message.MessageId,
            Raw = body,
            Event = work is null ? null : work with { CreatedAt = work.CreatedAt ?? sentAt },
            Fault = fault,
            Bytes = (body.Length * sizeof(char)) + Overhead,
            EarlierAttempts = (int)Math.Clamp((Number(system, "ApproximateReceiveCount") ?? 1) - 1, 0, int.MaxValue),
        };
    }

    private static (TenantEvent? Event, string? Fault) FromAttributes(Message message, string service, string org, string otherwise, string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            return (null, "The message's body is not JSON, which an event's data must be.");
        }

        return Make(service, org, Attribute(message, "type"), Attribute(message, "id") ?? otherwise, body);
    }

    private static (TenantEvent? Event, string? Fault) FromBody(string body, string otherwise)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return (null, "The message's body is JSON, but not an object.");
            if (Text(root, "service") is not { } service || Text(root, "org") is not { } org)
                return (null, "The event needs 'service' and 'org', both strings, in the body or as message attributes.");
            var data = root.TryGetProperty("data", out var element) ? element.GetRawText() : "null";
            return Make(service, org, Text(root, "type"), Text(root, "id") ?? otherwise, data);
        }
        catch (JsonException)
        {
            return (null, "The message's body is not JSON.");
        }
        catch (InvalidOperationException)
        {
            return (null, "The message's body has half a surrogate pair, which is no character.");
        }
    }

    private static (TenantEvent? Event, string? Fault) Make(string service, string org, string? type, string id, string data)
    {
        try
        {
            return (new TenantEvent(TenantKey.Create(service, org), type ?? TenantEvent.DefaultType, id, data), null);
        }
        catch (HyperConnException fault)
        {
            return (null, fault.Message);
        }
        catch (ArgumentException fault)
        {
            return (null, fault.Message);
        }
    }

    private static string? Attribute(Message message, string name) =>
        message.MessageAttributes is { } attributes && attributes.TryGetValue(name, out var value) && !string.IsNullOrEmpty(value.StringValue)
            ? value.StringValue
            : null;

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var element)
            ? element.ValueKind switch
            {
                JsonValueKind.String => element.GetString(),
                JsonValueKind.Number => element.GetRawText(),
                _ => null,
            }
            : null;

    private static long? Number(Dictionary<string, string> attributes, string name) =>
        attributes.TryGetValue(name, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;
}
