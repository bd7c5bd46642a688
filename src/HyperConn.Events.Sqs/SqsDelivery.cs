using HyperConn.Events.Sources;

namespace HyperConn.Events.Sqs;

/// <summary>A message that was received and is hidden from others until it is deleted, handed back, or its time is over.</summary>
internal sealed class SqsDelivery : KeptDelivery
{
    /// <summary>The message's id.</summary>
    public required string MessageId { get; init; }

    /// <summary>What the queue knows this receive by. A later receive of the same message replaces it.</summary>
    public required string ReceiptHandle { get; set; }

    /// <summary>Message group of a FIFO queue, whose order is kept; else null.</summary>
    public string? Group { get; init; }
}
