namespace HyperConn.Chaos.Observations;

/// <summary>What the manager holds while nobody works.</summary>
/// <param name="Leases">Leases open.</param>
/// <param name="Waiting">Callers that wait, over all servers.</param>
/// <param name="Opening">Physical connections being opened.</param>
/// <param name="Permits">Permits by endpoint: granted, held by tenants by their own word, and sessions found at the server.</param>
internal sealed record RestFact(int Leases, int Waiting, int Opening, IReadOnlyList<RestingPermits> Permits);

/// <summary>Permits of one endpoint at rest.</summary>
internal sealed record RestingPermits(string Endpoint, int Granted, int Sessions, int Limit);
