using HyperConn;
using HyperConn.AspNetCore;
using HyperConn.AspNetCore.Problems;
using HyperConn.AspNetCore.Sources;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection.Extensions;

// Where users of a container look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Says where a request's tenant comes from, and has HyperConn's failures answered as problem details.</summary>
/// <remarks>
/// <para>Name one place or several, then call <c>app.UseTenant()</c>. Every place is asked, and those that answer must agree: a request that
/// names two tenants gets neither. A claim stands above the others: with <see cref="WithTenantFromClaim"/>, a user who is signed in works for a
/// tenant of his claims or for none, whatever header, route or host name say. With several claims the other places pick one of them.</para>
/// <para>Without <c>service</c>, the service is the only one of <see cref="HyperConnOptions.Services"/>.</para>
/// </remarks>
public static class TenantServiceCollectionExtensions
{
    /// <summary>Takes the organisation from a header of the request, such as <c>X-Tenant: acme</c>.</summary>
    /// <remarks>A header is what its sender says. Use it behind a gateway that sets it, or with <see cref="WithTenantFromClaim"/> above it.
    /// Two headers of that name, or one that can't be an organisation, name no tenant.</remarks>
    /// <param name="services">The container.</param>
    /// <param name="header">The header's name.</param>
    /// <param name="service">The service; null: the only one of <see cref="HyperConnOptions.Services"/>.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection WithTenantFromHeader(this IServiceCollection services, string header, string? service = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(header);
        return services.Add(new HeaderSource(header, service));
    }

    /// <summary>Takes the organisation from a value of the route, such as <c>org</c> of <c>/shops/{org}/orders</c>.</summary>
    /// <param name="services">The container.</param>
    /// <param name="value">The value's name in the route's pattern.</param>
    /// <param name="service">The service; null: the only one of <see cref="HyperConnOptions.Services"/>.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection WithTenantFromRoute(this IServiceCollection services, string value, string? service = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        return services.Add(new RouteSource(value, service));
    }

    /// <summary>Takes the organisation from the name of the host that was asked, such as <c>acme</c> of <c>acme.shop.example</c>.</summary>
    /// <remarks>The organisation is one label of the name and lower case, as names of hosts have no case. A name that does not fit the pattern
    /// names no tenant. Behind a proxy let <c>UseForwardedHeaders</c>, with known proxies only, restore the name; and list what you serve in
    /// <c>AllowedHosts</c>.</remarks>
    /// <param name="services">The container.</param>
    /// <param name="pattern">The host's name, with <c>{org}</c> for one label or a part of one: <c>{org}.shop.example</c>,
    /// <c>shop-{org}.example</c>. Without a port.</param>
    /// <param name="service">The service; null: the only one of <see cref="HyperConnOptions.Services"/>.</param>
    /// <returns>The container.</returns>
    /// <exception cref="ArgumentException">The pattern does not have <c>{org}</c> exactly once, or can't be the name of a host.</exception>
    public static IServiceCollection WithTenantFromHost(this IServiceCollection services, string pattern, string? service = null) =>
        services.Add(new HostSource(HostPattern.Parse(pattern), service));

    /// <summary>Takes the organisation from a claim of the user who is signed in.</summary>
    /// <remarks>Call <c>UseTenant()</c> after <c>UseAuthentication()</c> and <c>UseAuthorization()</c>. Requests of nobody are left to the other
    /// places: let their endpoints demand a user where they must not be served.</remarks>
    /// <param name="services">The container.</param>
    /// <param name="type">The claim's type. A user who has several of them works for one of those organisations at a time.</param>
    /// <param name="service">The service; null: the only one of <see cref="HyperConnOptions.Services"/>.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection WithTenantFromClaim(this IServiceCollection services, string type, string? service = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(type);
        return services.Add(new ClaimSource(type, service));
    }

    /// <summary>Takes the tenant from code, such as a part of the path or a certificate of the caller.</summary>
    /// <param name="services">The container.</param>
    /// <param name="find">Finds the tenant; null: it has none to name. A <see cref="HyperConnException"/> with
    /// <see cref="HyperConnErrorCode.InvalidTenant"/>, as <see cref="TenantKey.Create"/> throws it, means that what it found can't be one.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection WithTenantFrom(this IServiceCollection services, Func<HttpContext, TenantKey?> find)
    {
        ArgumentNullException.ThrowIfNull(find);
        return services.WithTenantFrom(context => ValueTask.FromResult(find(context)));
    }

    /// <summary>Takes the tenant from code that waits for something, such as a look-up of the caller's API key.</summary>
    /// <param name="services">The container.</param>
    /// <param name="find">Finds the tenant; null: it has none to name. It is asked at every request: cache what is dear. A
    /// <see cref="HyperConnException"/> with <see cref="HyperConnErrorCode.InvalidTenant"/> means that what it found can't be one.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection WithTenantFrom(this IServiceCollection services, Func<HttpContext, ValueTask<TenantKey?>> find)
    {
        ArgumentNullException.ThrowIfNull(find);
        return services.Add(new CodeSource(find));
    }

    /// <summary>Has a <see cref="HyperConnException"/> that leaves an endpoint answered as problem details: 404 for a tenant nobody knows, 503
    /// with <c>Retry-After</c> while its database can't be had. Needs <c>app.UseExceptionHandler()</c>.</summary>
    /// <remarks>The answer has a stable <c>code</c>, one of <see cref="TenantProblemCodes"/>, and says nothing of the tenant, its server, its
    /// database or what PostgreSQL said: that is in the log (event 4001). Other exceptions are left to other handlers.</remarks>
    /// <param name="services">The container.</param>
    /// <param name="configure">Changes how long callers are told to wait.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection WithTenantProblemDetails(this IServiceCollection services, Action<TenantProblemOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddProblemDetails();
        services.AddOptions<TenantProblemOptions>()
            .Validate(o => o.RetryAfter >= TimeSpan.FromSeconds(1), "TenantProblemOptions.RetryAfter must be one second or more.")
            .ValidateOnStart();
        if (configure is not null)
            services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        return services.AddExceptionHandler<HyperConnExceptionHandler>();
    }

    private static IServiceCollection Add(this IServiceCollection services, TenantSource source)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<TenantResolver>();
        return services.AddSingleton(source);
    }
}
