using Akka.Actor;

namespace HyperConn.Servers;

/// <summary>Conversation with a server's budget.</summary>
internal interface IServerBudgetMessage;

/// <summary>The holder has waiters and may take more permits. Sent once per registration, see <see cref="IPermitHolder"/>.</summary>
internal sealed record PermitWanted(IPermitHolder Holder) : IServerBudgetMessage, INoSerializationVerificationNeeded;

/// <summary>The holder gave back permits; the connections behind them are closed. <see cref="AnswersReclaim"/>: reply to <see cref="IPermitHolder.Reclaim"/>.</summary>
internal sealed record PermitsReturned(IPermitHolder Holder, int Count, bool AnswersReclaim) : IServerBudgetMessage, INoSerializationVerificationNeeded;

/// <summary>The holder has a lease that no permit covered (a connection object opened late); it counts from now on.</summary>
internal sealed record PermitOverdrawn(IPermitHolder Holder) : IServerBudgetMessage, INoSerializationVerificationNeeded;

/// <summary>The open that a grant paid for has ended, well or badly: the next may start.</summary>
internal sealed record OpenEnded(IPermitHolder Holder) : IServerBudgetMessage, INoSerializationVerificationNeeded;

/// <summary>An open that no grant paid for has ended: there is room for the next.</summary>
internal sealed record SlotFreed : IServerBudgetMessage
{
    public static readonly SlotFreed Instance = new();
}

/// <summary>The server answered 53300 although the budget had room.</summary>
internal sealed record ServerFull : IServerBudgetMessage
{
    public static readonly ServerFull Instance = new();
}

/// <summary>What the server says of itself, read at the first connection.</summary>
/// <param name="MaxConnections">Its <c>max_connections</c>.</param>
/// <param name="ReservedConnections">Slots not for ordinary users.</param>
/// <param name="IsPresumed">Read from another host of the same cluster: it counts until this one's own is known.</param>
internal sealed record ServerCapacityRead(int MaxConnections, int ReservedConnections, bool IsPresumed = false) : IServerBudgetMessage;

/// <summary>A pooler stands at the endpoint, which has a limit of its own that it doesn't tell.</summary>
internal sealed record PoolerFound : IServerBudgetMessage
{
    public static readonly PoolerFound Instance = new();
}

/// <summary>The holder is gone for good; what the ledger still counts for it is free again.</summary>
internal sealed record HolderClosed(IPermitHolder Holder) : IServerBudgetMessage, INoSerializationVerificationNeeded;

/// <summary>What this process may use of the server from now on, where several processes share it.</summary>
/// <param name="Epoch">Higher with each share; the same when only the time changes.</param>
/// <param name="Permits">Most permits that may be out. Less than there are: the surplus comes back as it becomes idle.</param>
/// <param name="ValidUntil">When it lapses (<see cref="Primitives.MonotonicClock"/>).</param>
internal sealed record ShareGiven(long Epoch, int Permits, TimeSpan ValidUntil) : IServerBudgetMessage;

/// <summary>Asks for a <see cref="ServerNeed"/>, though nothing may have changed.</summary>
internal sealed record ReportNeed : IServerBudgetMessage
{
    public static readonly ReportNeed Instance = new();
}

/// <summary>Asks for the server's <see cref="ServerStatistics"/>.</summary>
internal sealed record GetServerStatistics : IServerBudgetMessage
{
    public static readonly GetServerStatistics Instance = new();
}
