using System.Globalization;
using System.Text;
using System.Text.Json;
using Amazon.SQS.Model;

namespace HyperConn.Events.Sqs;

/// <summary>
/// Reads messages. Either the attributes <c>service</c> and <c>org</c> (and <c>type</c>, <c>id</c>) name the event and the body is its
/// data,
/// or the body is an event as a line of JSON elsewhere. An event without an id of its own has the message's deduplication id, or else its
/// id.
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
        var read = Attribute(message, "service") is { } service && Attribute(message, "org") is { } org
            ? FromAttributes(message, service, org, otherwise, body)
            : EventLine.Read(Encoding.UTF8.GetBytes(body), new LinePlace(message.MessageId, message.MessageId, 1) { Id = otherwise });
        return new SqsDelivery
        {
            MessageId = message.MessageId,
            ReceiptHandle = message.ReceiptHandle,
            Group = isFifo ? system.GetValueOrDefault("MessageGroupId") : null,
            Place = message.MessageId,
            Raw = body,
            Event = read.Event is null ? null : read.Event with { CreatedAt = sentAt },
            Fault = read.Fault,
            FaultCode = read.FaultCode is "" ? "NotAnEvent" : read.FaultCode,
            Bytes = (body.Length * sizeof(char)) + Overhead,
            EarlierAttempts = (int)Math.Clamp((Number(system, "ApproximateReceiveCount") ?? 1) - 1, 0, int.MaxValue),
        };
    }

    private static ParsedLine FromAttributes(Message message, string service, string org, string otherwise, string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return new ParsedLine(
                new TenantEvent(
                    TenantKey.Create(service, org), Attribute(message, "type") ?? TenantEvent.DefaultType, Attribute(message, "id") ?? otherwise, body),
                body);
        }
        catch (JsonException)
        {
            return ParsedLine.No("NotJson", "The message's body is not JSON, which an event's data must be.", body);
        }
        catch (HyperConnException fault)
        {
            return ParsedLine.No("InvalidTenant", fault.Message, body);
        }
        catch (ArgumentException fault)
        {
            return ParsedLine.No("NotAnEvent", fault.Message, body);
        }
    }

    private static string? Attribute(Message message, string name) =>
        message.MessageAttributes is { } attributes && attributes.TryGetValue(name, out var value)
        && !string.IsNullOrEmpty(value.StringValue)
            ? value.StringValue
            : null;

    private static long? Number(Dictionary<string, string> attributes, string name) =>
        attributes.TryGetValue(name, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;
}
