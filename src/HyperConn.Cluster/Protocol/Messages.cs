namespace HyperConn.Cluster.Protocol;

/// <summary>What goes between the nodes and the coordinator of their shares. Goes over the network, so each has a form of its own there.</summary>
internal interface IShareMessage;

/// <summary>A node says what it has and needs of some servers.</summary>
/// <param name="Node">The node.</param>
/// <param name="Term">The coordinator's term it goes by; 0: it has heard of none.</param>
/// <param name="Number">Counts the node's reports. An answer names it, and the node knows when it sent it.</param>
/// <param name="Echo">The coordinator's stamp it has seen last in this term: proves that it was sent after the stamp was.</param>
/// <param name="EarlierTerms">Coordinators it went by before, in the last minutes.</param>
/// <param name="Lost">Tags of nodes of which an earlier coordinator said that they may still be in the middle of log-ins.</param>
/// <param name="Host">Tag of the node that the last coordinator but this was on.</param>
/// <param name="IsWhole">Whether by this report the node has told of all its servers in this term.</param>
/// <param name="Servers">The servers, not necessarily all.</param>
internal sealed record ShareReport(
    NodeId Node,
    long Term,
    long Number,
    long Echo,
    IReadOnlyList<EarlierTerm> EarlierTerms,
    IReadOnlyList<string> Lost,
    string? Host,
    bool IsWhole,
    IReadOnlyList<ServerReport> Servers) : IShareMessage;

/// <summary>A coordinator that a node went by, and does no more.</summary>
/// <param name="Term">Its term.</param>
/// <param name="Since">How long ago the node heard of it last.</param>
/// <param name="Nodes">Tags of the nodes that it had given shares to; null: it did not say that it decides nothing any more.</param>
internal sealed record EarlierTerm(long Term, TimeSpan Since, IReadOnlyList<string>? Nodes);

/// <summary>What a node has and needs of one server.</summary>
/// <param name="Server">The server.</param>
/// <param name="Epoch">Number of the share its budget goes by.</param>
/// <param name="Share">That share; 0 when it has lapsed.</param>
/// <param name="Held">Permits out.</param>
/// <param name="InUse">How many of them are under a lease.</param>
/// <param name="Opening">How many of those are still being opened, at most.</param>
/// <param name="Waiting">Permits that callers who wait could use.</param>
/// <param name="Limit">Connections the whole server takes, as far as the node knows.</param>
/// <param name="IsLimitKnown">Whether that was declared or read from the server.</param>
/// <param name="MaxOpening">Most connections the node opens at once.</param>
/// <param name="IsCountable">Whether sessions can be counted there: not behind a pooler.</param>
/// <param name="HadHostSessions">Whether <see cref="ShareReport.Host"/> had sessions there, when that coordinator spoke last.</param>
internal sealed record ServerReport(
    ServerEndpoint Server,
    long Epoch,
    int Share,
    int Held,
    int InUse,
    int Opening,
    int Waiting,
    int Limit,
    bool IsLimitKnown,
    int MaxOpening,
    bool IsCountable,
    bool HadHostSessions);

/// <summary>The coordinator says what a node may use.</summary>
/// <param name="Term">The coordinator's term. A node listens to the highest it has heard of, and to no other.</param>
/// <param name="Stamp">The coordinator's time. The node's next report brings it back.</param>
/// <param name="Number">The newest report that was read: shares hold from the moment at which that was sent.</param>
/// <param name="ValidFor">For how long.</param>
/// <param name="Host">Tag of the coordinator's own node.</param>
/// <param name="Lost">Tags of nodes that are not heard and may still be in the middle of log-ins.</param>
/// <param name="Shares">The shares of the servers it is about.</param>
internal sealed record ShareAnswer(
    long Term, long Stamp, long Number, TimeSpan ValidFor, string Host, IReadOnlyList<string> Lost, IReadOnlyList<ServerShareGiven> Shares) : IShareMessage;

/// <summary>The coordinator decides nothing any more: another node is the place for it now.</summary>
/// <param name="Term">Its term.</param>
/// <param name="Nodes">Tags of the nodes that it has given shares to.</param>
internal sealed record CoordinatorEnded(long Term, IReadOnlyList<string> Nodes) : IShareMessage;

/// <summary>What a node may use of one server.</summary>
/// <param name="Server">The server.</param>
/// <param name="Epoch">Higher with each change.</param>
/// <param name="Permits">Most permits it may have out.</param>
/// <param name="HasHostSessions">Whether the coordinator's own node has sessions there: without one, later, its process is gone.</param>
internal sealed record ServerShareGiven(ServerEndpoint Server, long Epoch, int Permits, bool HasHostSessions);

/// <summary>
/// The coordinator asks a node to count every node's sessions on a server, by one session beside its share, for which there is room.
/// </summary>
/// <param name="Server">The server.</param>
/// <param name="Question">Comes back with the answer.</param>
internal sealed record CountSessions(ServerEndpoint Server, long Question) : IShareMessage;

/// <summary>What a node has counted.</summary>
/// <param name="Node">The node that counted.</param>
/// <param name="Server">The server.</param>
/// <param name="Question">The question's.</param>
/// <param name="Sessions">Sessions by <see cref="NodeId.Tag"/>; null: they can't be counted there.</param>
internal sealed record SessionsCounted(
    NodeId Node, ServerEndpoint Server, long Question, IReadOnlyDictionary<string, int>? Sessions) : IShareMessage;

/// <summary>A node could not count, and has no session left from trying.</summary>
/// <param name="Server">The server.</param>
/// <param name="Question">The question's.</param>
internal sealed record SessionsNotCounted(ServerEndpoint Server, long Question) : IShareMessage;
