using HyperConn.AspNetCore;

// Where users of endpoints look for it.
namespace Microsoft.AspNetCore.Builder;

/// <summary>Endpoints that demand a tenant.</summary>
public static class RequireTenantExtensions
{
    /// <summary>
    /// Lets the endpoints serve requests with a tenant only. <c>UseTenant()</c> answers the others with problem details: 400 where the request
    /// names none or several, 403 where the user does not belong to it, 404 where what it names can't be one.
    /// </summary>
    /// <param name="builder">An endpoint or a group of them.</param>
    /// <returns>The same.</returns>
    /// <typeparam name="TBuilder">Type of the builder.</typeparam>
    public static TBuilder RequireTenant<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(new RequireTenantAttribute()));
        return builder;
    }
}
