using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Operating;

/// <summary>Asks a node's desk for its <see cref="NodeReported"/>.</summary>
internal sealed record AskReport : IShareMessage
{
    public static readonly AskReport Instance = new();
}

/// <summary>How a node is.</summary>
/// <param name="Report">The report.</param>
internal sealed record NodeReported(NodeReport Report) : IShareMessage;

/// <summary>Asks a node's desk for its <see cref="StatisticsTaken"/>.</summary>
internal sealed record AskStatistics : IShareMessage
{
    public static readonly AskStatistics Instance = new();
}

/// <summary>A node's statistics.</summary>
/// <param name="Statistics">Without tenants, which come in pages.</param>
internal sealed record StatisticsTaken(HyperConnStatistics Statistics) : IShareMessage;

/// <summary>Asks a node's desk for a <see cref="TenantsPage"/>.</summary>
/// <param name="Offset">Tenants before it; 0 begins with those there are now.</param>
/// <param name="List">Number of the list that an earlier page was of; 0: of none.</param>
internal sealed record AskTenants(int Offset, long List = 0) : IShareMessage;

/// <summary>Some of a node's tenants.</summary>
/// <param name="Tenants">As many as fit into a message.</param>
/// <param name="Next">Where the next page begins; null: there is none.</param>
/// <param name="List">Number of the list it is of, for the next page.</param>
internal sealed record TenantsPage(IReadOnlyList<TenantStatistics> Tenants, int? Next, long List = 0) : IShareMessage;

/// <summary>Has a node's desk carry out an operator's command.</summary>
/// <param name="Verb">The command, by <see cref="CommandVerbs"/>.</param>
/// <param name="Target">What it is about.</param>
/// <param name="By">Who asks.</param>
/// <param name="Reason">Why.</param>
/// <param name="For">How long, for a ban.</param>
internal sealed record CarryOut(string Verb, OperatorTarget Target, string By, string Reason, TimeSpan? For) : IShareMessage;

/// <summary>What came of a <see cref="CarryOut"/>.</summary>
/// <param name="Accepted">Whether it was done or begun.</param>
/// <param name="Message">What happened, or why not.</param>
/// <param name="Affected">Live pools it concerns; for a refresh, secrets.</param>
internal sealed record CarriedOut(bool Accepted, string Message, int Affected) : IShareMessage;

/// <summary>A node's desk can't answer.</summary>
/// <param name="Why">Why.</param>
internal sealed record CantAnswer(string Why) : IShareMessage;
