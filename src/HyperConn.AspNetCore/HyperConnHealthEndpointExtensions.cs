using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

// Where users of endpoints look for it.
namespace Microsoft.AspNetCore.Builder;

/// <summary>Endpoints for probes.</summary>
public static class HyperConnHealthEndpointExtensions
{
    /// <summary>
    /// Maps the health checks of <c>AddHealthChecks().AddHyperConn()</c>: those with the tag <c>live</c>, and those with the tag <c>ready</c>.
    /// Checks of the application's own with these tags are asked, too.
    /// </summary>
    /// <remarks>The answer is the verdict alone, as text: 200 <c>Healthy</c> or <c>Degraded</c>, 503 <c>Unhealthy</c>. Nothing of tenants or servers is
    /// in it, so probes need no token; where the application demands a user of all endpoints, add <c>AllowAnonymous()</c>.</remarks>
    /// <param name="endpoints">The routes.</param>
    /// <param name="live">Path that answers 200 while the pool supervisor does.</param>
    /// <param name="ready">Path that answers 200 while tenants can be served.</param>
    /// <returns>Both endpoints, for <c>AllowAnonymous</c>, <c>RequireHost</c> and the like.</returns>
    /// <exception cref="InvalidOperationException">The checks were not added.</exception>
    public static IEndpointConventionBuilder MapHyperConnHealth(this IEndpointRouteBuilder endpoints, string live = "/healthz", string ready = "/readyz")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentException.ThrowIfNullOrWhiteSpace(live);
        ArgumentException.ThrowIfNullOrWhiteSpace(ready);
        var checks = endpoints.ServiceProvider.GetService<IOptions<HealthCheckServiceOptions>>()?.Value.Registrations;
        if (checks?.Any(check => check.Name == "hyperconn-ready") != true)
            throw new InvalidOperationException("There are no checks of HyperConn to map. Call services.AddHealthChecks().AddHyperConn().");
        return new Both(Map(live, HyperConnHealthChecks.Live), Map(ready, HyperConnHealthChecks.Ready));

        IEndpointConventionBuilder Map(string path, string tag) =>
            endpoints.MapHealthChecks(path, new HealthCheckOptions { Predicate = check => check.Tags.Contains(tag) });
    }

    private sealed class Both(IEndpointConventionBuilder one, IEndpointConventionBuilder other) : IEndpointConventionBuilder
    {
        public void Add(Action<EndpointBuilder> convention)
        {
            one.Add(convention);
            other.Add(convention);
        }

        public void Finally(Action<EndpointBuilder> finallyConvention)
        {
            one.Finally(finallyConvention);
            other.Finally(finallyConvention);
        }
    }
}
