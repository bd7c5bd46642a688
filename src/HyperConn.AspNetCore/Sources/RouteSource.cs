using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace HyperConn.AspNetCore.Sources;

/// <summary>A value of the route.</summary>
internal sealed class RouteSource(string name, string? service) : TenantSource(service)
{
    // A value that may be left out is there as null.
    public override ValueTask<TenantAnswer> AskAsync(HttpContext context, string serviceOrOnly) => ValueTask.FromResult(
        context.Request.RouteValues.TryGetValue(name, out var value) && value is not null
            ? TenantAnswer.Of(serviceOrOnly, Convert.ToString(value, CultureInfo.InvariantCulture))
            : TenantAnswer.Nothing);
}
