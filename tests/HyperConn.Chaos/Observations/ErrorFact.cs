namespace HyperConn.Chaos.Observations;

/// <summary>A piece of work that failed.</summary>
/// <param name="Began">When the work began.</param>
/// <param name="At">When it failed.</param>
/// <param name="Site">Where its tenant is.</param>
/// <param name="Tenant">Its tenant.</param>
/// <param name="Flavour">How the worker works.</param>
/// <param name="Class">By <see cref="ErrorClass"/>.</param>
/// <param name="Detail">Types and messages.</param>
internal sealed record ErrorFact(TimeSpan Began, TimeSpan At, Site Site, TenantKey Tenant, string Flavour, string Class, string Detail);
