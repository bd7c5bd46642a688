using HyperConn.AspNetCore;
using HyperConn.AspNetCore.Sources;
using Microsoft.Extensions.DependencyInjection;

// Where users of a pipeline look for it.
namespace Microsoft.AspNetCore.Builder;

/// <summary>Puts the request's tenant into the pipeline.</summary>
public static class TenantApplicationBuilderExtensions
{
    /// <summary>
    /// Finds each request's tenant and gives it to the request's <see cref="HyperConn.ITenantAccessor"/>. Answers requests to endpoints that
    /// <see cref="RequireTenantExtensions.RequireTenant{TBuilder}">demand a tenant</see> and don't have one.
    /// </summary>
    /// <remarks>Call it after <c>UseRouting</c>, <c>UseAuthentication</c> and <c>UseAuthorization</c>, which a <see cref="WebApplication"/> puts at
    /// the beginning by itself. With tenants from claims, a request that comes here before its user is known ends with an
    /// <see cref="InvalidOperationException"/> rather than with the tenant of a header.</remarks>
    /// <param name="app">The pipeline.</param>
    /// <returns>The pipeline.</returns>
    /// <exception cref="InvalidOperationException">No <c>WithTenantFrom…</c> was called on the container, or one without a service where
    /// <see cref="HyperConn.HyperConnOptions.Services"/> has none or several.</exception>
    public static IApplicationBuilder UseTenant(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var resolver = app.ApplicationServices.GetService<TenantResolver>() ?? throw new InvalidOperationException(
            "UseTenant() does not know where tenants come from. Call WithTenantFromHeader, WithTenantFromRoute, WithTenantFromHost, "
            + "WithTenantFromClaim or WithTenantFrom on the services.");
        return app.UseMiddleware<TenantMiddleware>(resolver);
    }
}
