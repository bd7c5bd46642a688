namespace HyperConn.Events;

/// <summary>
/// What a source hands out: an event, or something that should have been one. Sources derive their own to keep what they need to let go of
/// it: an offset, a receipt handle, a key.
/// </summary>
public class TenantDelivery
{
    /// <summary>Where it stands, for people and logs: <c>orders.jsonl:12</c>, a message's id.</summary>
    public required string Place { get; init; }

    /// <summary>The text as it came, for those who look at what was rejected; null: the source keeps it itself.</summary>
    public string? Raw { get; init; }

    /// <summary>The event; null: what came is none, and <see cref="Fault"/> says why. It is rejected at once.</summary>
    public TenantEvent? Event { get; init; }

    /// <summary>Why it is no event, for people; no secrets.</summary>
    public string? Fault { get; init; }

    /// <summary>Short, stable name of <see cref="Fault"/>, to count by. Default <c>NotAnEvent</c>.</summary>
    public string FaultCode { get; init; } = "NotAnEvent";

    /// <summary>What it takes in memory, in bytes, roughly: what waits is bounded by it. 0: reckoned from the texts.</summary>
    public int Bytes { get; init; }

    /// <summary>Tries before this delivery that the source knows of, such as a queue's receive count less one. 0 or more.</summary>
    public int EarlierAttempts { get; init; }
}
