using Microsoft.AspNetCore.Http;

namespace HyperConn.AspNetCore.Sources;

/// <summary>A header of the request.</summary>
internal sealed class HeaderSource(string name, string? service) : TenantSource(service)
{
    // Two headers come as one text with a comma, which no organisation has.
    public override ValueTask<TenantAnswer> AskAsync(HttpContext context, string serviceOrOnly) => ValueTask.FromResult(
        TenantAnswer.Of(serviceOrOnly, context.Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null));
}
