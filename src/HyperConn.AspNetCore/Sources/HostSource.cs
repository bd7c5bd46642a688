using Microsoft.AspNetCore.Http;

namespace HyperConn.AspNetCore.Sources;

/// <summary>The name of the host that was asked.</summary>
internal sealed class HostSource(HostPattern pattern, string? service) : TenantSource(service)
{
    public override ValueTask<TenantAnswer> AskAsync(HttpContext context, string serviceOrOnly) =>
        ValueTask.FromResult(TenantAnswer.Of(serviceOrOnly, pattern.Match(context.Request.Host.Host)));
}
