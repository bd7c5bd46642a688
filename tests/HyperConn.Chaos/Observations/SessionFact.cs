namespace HyperConn.Chaos.Observations;

/// <summary>What a session says it is, beside what the tenant's secret says.</summary>
internal sealed record SessionFact(TenantKey Tenant, SessionIdentity Expected, IReadOnlyCollection<string> Users, SessionIdentity Found);

/// <summary>User, database and schema of a session.</summary>
internal sealed record SessionIdentity(string? User, string? Database, string? Schema);
