using System.Text.Json;

namespace HyperConn.Host.Workers;

/// <summary>
/// Reads one line of an event stream: a JSON object <c>{"service": "core", "org": "acme", "type": "order.placed", "id": "17",
/// "data": {…}}</c>. <c>type</c>, <c>id</c> and <c>data</c> may be left out; other members are ignored.
/// </summary>
internal static class EventLine
{
    /// <summary>Type of an event that names none.</summary>
    public const string DefaultType = "default";

    public static Delivery Read(string place, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return new Delivery(place, line, null, "The line is JSON, but not an object.");
            if (Text(root, "service") is not { } service || Text(root, "org") is not { } org)
                return new Delivery(place, line, null, "The event needs 'service' and 'org', both strings.");
            var data = root.TryGetProperty("data", out var element) ? element.GetRawText() : "null";
            return new Delivery(place, line, new TenantEvent(TenantKey.Create(service, org), Text(root, "type") ?? DefaultType, Text(root, "id"), data));
        }
        catch (JsonException)
        {
            return new Delivery(place, line, null, "The line is not JSON.");
        }
        catch (HyperConnException e)
        {
            return new Delivery(place, line, null, e.Message);
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var element)
            ? element.ValueKind switch
            {
                JsonValueKind.String => element.GetString(),
                JsonValueKind.Number => element.GetRawText(),
                _ => null,
            }
            : null;
}
