namespace HyperConn.Cluster.Sharding.Messages;

/// <summary>An event is to be handled on its tenant's node: one attempt.</summary>
/// <param name="Number">The sender's number of the attempt. A message that comes again has the same one.</param>
/// <param name="Tenant">The tenant.</param>
/// <param name="Type">Kind of event.</param>
/// <param name="Id">Id of the event.</param>
/// <param name="Data">Its data.</param>
/// <param name="CreatedAt">When it was made; null: unknown.</param>
/// <param name="Source">Name of the source, for handlers.</param>
/// <param name="Scope">Scope of the id in the inbox; null: no inbox is kept.</param>
/// <param name="Place">Where it stands, for people.</param>
/// <param name="Attempt">Which attempt this is, from 1.</param>
internal sealed record SendEvent(
    long Number,
    TenantKey Tenant,
    string Type,
    string Id,
    string Data,
    DateTimeOffset? CreatedAt,
    string Source,
    string? Scope,
    string Place,
    int Attempt) : IShardMessage;
