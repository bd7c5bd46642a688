using Microsoft.AspNetCore.Http;

namespace HyperConn.AspNetCore.Sources;

/// <summary>A place of a request that may name its tenant.</summary>
/// <param name="service">The service its organisations are of; null: the only one there is.</param>
internal abstract class TenantSource(string? service)
{
    /// <exception cref="ArgumentException">It can't be the name of a service.</exception>
    public string? Service { get; } = Checked(service);

    /// <summary>Whether it names organisations only, so that it must be told the service.</summary>
    public virtual bool NeedsService => true;

    /// <summary>Whether what it names is proved, not just said by the sender.</summary>
    public virtual bool IsProved => false;

    /// <summary>Asks it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="serviceOrOnly">The service.</param>
    public abstract ValueTask<TenantAnswer> AskAsync(HttpContext context, string serviceOrOnly);

    private static string? Checked(string? service) => service is null || TenantKey.TryCreate(service, "org", out _)
        ? service
        : throw new ArgumentException("It can't be the name of a service: letters, digits and /_+=.@- are allowed.", nameof(service));
}
