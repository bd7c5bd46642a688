namespace HyperConn.Host.Workers;

/// <summary>Where events of many tenants come from: a stream, a folder, a queue.</summary>
internal interface ITenantEventSource
{
    /// <summary>Hands out events until there are no more or the token is cancelled; both end the sequence without an exception.</summary>
    IAsyncEnumerable<Delivery> ReadAsync(CancellationToken stop);

    /// <summary>Told once for each delivery that it is done with, so that a source that keeps its events can let go of them.</summary>
    Task CompleteAsync(Delivery delivery, EventOutcome outcome);
}

/// <summary>What a source hands out: an event, or something that should have been one.</summary>
/// <param name="Place">Where it stands, such as <c>orders.jsonl:12</c>, for people.</param>
/// <param name="Raw">The text as it came.</param>
/// <param name="Event">The event; null: the text is none.</param>
/// <param name="Fault">Why it is none.</param>
internal sealed record Delivery(string Place, string Raw, TenantEvent? Event, string? Fault = null);

/// <summary>Something that happened to a tenant.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Type">Kind of event; decides what is done with it.</param>
/// <param name="Id">The sender's id of it; null: none.</param>
/// <param name="Data">The event's data, as JSON.</param>
internal sealed record TenantEvent(TenantKey Tenant, string Type, string? Id, string Data);
