using System.Text.Json;
using System.Text.Json.Serialization;
using HyperConn.Events;

namespace OrderWorker;

/// <summary>An order as the shop sends it.</summary>
internal sealed record Order(long Number, string Customer, decimal Amount);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Order))]
internal sealed partial class OrderJson : JsonSerializerContext;

/// <summary>
/// Writes an order and adds it up for its customer. Both are in the transaction that also notes the event's id, so an order that comes
/// twice counts once, and no locks, no "on conflict" and no retries are needed here.
/// </summary>
internal sealed class OrderPlacedHandler : ITenantEventHandler
{
    public async Task HandleAsync(TenantEventContext context, CancellationToken cancellationToken)
    {
        var order = Read(context.Event);
        await using var command = context.CreateCommand(
            """
            with placed as (insert into orders (number, customer, amount) values ($1, $2, $3) returning customer, amount)
            insert into customers as c (name, orders, total) select customer, 1, amount from placed
            on conflict (name) do update set orders = c.orders + 1, total = c.total + excluded.total
            """);
        command.Parameters.AddWithValue(order.Number);
        command.Parameters.AddWithValue(order.Customer);
        command.Parameters.AddWithValue(order.Amount);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static Order Read(TenantEvent placed)
    {
        try
        {
            return JsonSerializer.Deserialize(placed.Data, OrderJson.Default.Order) is { Customer.Length: > 0 } order
                ? order
                : throw new EventRejectedException("OrderIncomplete", "The order names no customer.");
        }
        catch (JsonException e)
        {
            // It won't be better next time: the queue's redrive policy takes it.
            throw new EventRejectedException("OrderMalformed", "The order's data can't be read.", e);
        }
    }
}
