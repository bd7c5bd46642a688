using HyperConn.Events;

namespace HyperConn.Cluster.Sharding.Messages;

/// <summary>What the tenant's node says of an event.</summary>
internal interface IShardAnswer : IShardMessage
{
    /// <summary>Number of the <see cref="SendEvent"/>.</summary>
    long Number { get; }
}

/// <summary>The event came before, and waits for its turn or is worked on.</summary>
/// <param name="Number">Number of the attempt.</param>
internal sealed record EventUnderWay(long Number) : IShardAnswer;

/// <summary>The attempt was not begun: the tenant moves to another node. It is to be sent again.</summary>
/// <param name="Number">Number of the attempt.</param>
internal sealed record EventNotBegun(long Number) : IShardAnswer;

/// <summary>The effect is committed.</summary>
/// <param name="Number">Number of the attempt.</param>
/// <param name="Result">Whether it was committed now or before.</param>
internal sealed record EventEnded(long Number, EventResult Result) : IShardAnswer;

/// <summary>The attempt failed; nothing was committed.</summary>
/// <param name="Number">Number of the attempt.</param>
/// <param name="Code">Short, stable name of the reason.</param>
/// <param name="Message">The reason, for people; no secrets.</param>
/// <param name="IsTransient">Whether it may pass.</param>
/// <param name="IsAway">Whether it is the tenant that can't be reached.</param>
internal sealed record EventFailed(long Number, string Code, string Message, bool IsTransient, bool IsAway) : IShardAnswer;
