namespace HyperConn;

/// <summary>What one server's budget looks like now.</summary>
/// <param name="Server">The server.</param>
/// <param name="Limit">Most connections; null: unlimited. In <c>auto</c>, a small number until the server has been asked.</param>
/// <param name="InUse">Permits under an open lease.</param>
/// <param name="IdleHeld">Permits pools keep for connections that are idle.</param>
/// <param name="Waiting">Callers that wait.</param>
/// <param name="OldestWait">How long the longest of them has waited.</param>
/// <param name="Opening">Physical connections being opened.</param>
/// <param name="Reclaims">Permits taken back from idle pools since start.</param>
/// <param name="Refusals">Times the server itself answered that it is full (53300).</param>
/// <param name="TimedOut">Callers whose deadline passed while they waited.</param>
/// <param name="Pools">Pools that hold permits or wait.</param>
public sealed record ServerStatistics(
    ServerEndpoint Server,
    int? Limit,
    int InUse,
    int IdleHeld,
    int Waiting,
    TimeSpan OldestWait,
    int Opening,
    long Reclaims,
    long Refusals,
    long TimedOut,
    int Pools);
