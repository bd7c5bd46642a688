namespace HyperConn.Servers;

/// <summary>What a budget has of its server, and what it could use.</summary>
/// <param name="Server">The server.</param>
/// <param name="Epoch">The share it goes by (<see cref="NodeShare.Epoch"/>).</param>
/// <param name="Limit">Connections the whole server takes, as far as this process knows.</param>
/// <param name="IsLimitKnown">Whether that was declared or read, and not only assumed.</param>
/// <param name="Held">Permits out, those that came back a moment ago included.</param>
/// <param name="InUse">How many of them are under a lease.</param>
/// <param name="Opening">How many of those are still being opened, at most.</param>
/// <param name="Waiting">Permits that callers who wait could use at once.</param>
internal sealed record ServerNeed(ServerState Server, long Epoch, int Limit, bool IsLimitKnown, int Held, int InUse, int Opening, int Waiting);
