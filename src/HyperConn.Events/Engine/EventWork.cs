namespace HyperConn.Events;

/// <summary>An event the worker holds, from its delivery to its end.</summary>
internal sealed class EventWork(TenantDelivery delivery, TenantEvent @event)
{
    // What a delivery and this object take beside their texts, about.
    private const int Overhead = 600;

    public TenantDelivery Delivery { get; } = delivery;

    public TenantEvent Event { get; } = @event;

    public int Bytes { get; } = Size(delivery, @event);

    /// <summary>Attempts made here.</summary>
    public int Attempts { get; set; }

    /// <summary>Those the source knows of, too.</summary>
    public int AllAttempts => Delivery.EarlierAttempts + Attempts;

    /// <summary>Timestamp of the first failure; null: none.</summary>
    public long? FailedSince { get; set; }

    private static int Size(TenantDelivery delivery, TenantEvent work) =>
        Overhead + (delivery.Bytes > 0 ? delivery.Bytes : sizeof(char) * ((delivery.Raw?.Length ?? 0) + work.Data.Length));
}
