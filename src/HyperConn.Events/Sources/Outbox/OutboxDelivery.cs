namespace HyperConn.Events.Sources;

/// <summary>A row that was claimed, and is kept from other hosts until its lease is over.</summary>
internal sealed class OutboxDelivery : KeptDelivery
{
    /// <summary>The row's id.</summary>
    public required long RowId { get; init; }

    /// <summary>The rows whose order is kept; null: it isn't.</summary>
    public object? Group { get; init; }
}
