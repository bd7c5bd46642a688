using HyperConn.Cluster.Sharding.Messages;
using HyperConn.Events;

namespace HyperConn.Cluster.Sharding;

/// <summary>An attempt that was sent and is not answered yet.</summary>
/// <param name="message">What was sent.</param>
internal sealed class SentEvent(SendEvent message)
{
    public SendEvent Message { get; } = message;

    public TaskCompletionSource<EventResult> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When it was heard of last. The sender's alone, as is <see cref="DueAt"/>.</summary>
    public TimeSpan HeardAt { get; set; }

    /// <summary>When it is sent again.</summary>
    public TimeSpan DueAt { get; set; }
}
