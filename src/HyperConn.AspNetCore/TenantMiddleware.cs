using HyperConn.AspNetCore.Problems;
using HyperConn.AspNetCore.Sources;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace HyperConn.AspNetCore;

/// <summary>Gives a request's tenant to its scope.</summary>
internal sealed class TenantMiddleware(RequestDelegate next, TenantResolver resolver, IOptions<HyperConnOptions> options)
{
    // HyperConnTelemetry's names; metrics and spans of the library have the same.
    private const string TagService = "hyperconn.tenant.service";
    private const string TagOrg = "hyperconn.tenant.org";

    // How UseAuthorization tells endpoints that it has run; the framework's own check of the order reads it, too.
    private const string AuthorizationHasRun = "__AuthorizationMiddlewareWithEndpointInvoked";

    private readonly bool _tagsSpans = options.Value.Diagnostics.TenantLabels;

    public async Task InvokeAsync(HttpContext context)
    {
        if (resolver.AsksUsers)
            DemandKnownUser(context);
        var (found, problem) = await resolver.ResolveAsync(context).ConfigureAwait(false);
        if (found is { } tenant)
        {
            context.RequestServices.GetRequiredService<ITenantAccessor>().Tenant = tenant;
            if (_tagsSpans && context.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } span)
                span.SetTag(TagService, tenant.Service).SetTag(TagOrg, tenant.Org);
        }
        else if (context.GetEndpoint()?.Metadata.GetMetadata<RequireTenantAttribute>() is not null)
        {
            await TenantProblem.Of(problem!).WriteAsync(context).ConfigureAwait(false);
            return;
        }

        await next(context).ConfigureAwait(false);
    }

    // Before the user is known, his claims are not, and a header alone would decide.
    private static void DemandKnownUser(HttpContext context)
    {
        if (context.User.Identities.Any(identity => identity.IsAuthenticated))
            return;
        var isEarly = context.Features.Get<IAuthenticationFeature>() is null
            && context.RequestServices.GetService<IAuthenticationSchemeProvider>() is not null;
        var metadata = context.GetEndpoint()?.Metadata;
        isEarly |= metadata?.GetMetadata<IAuthorizeData>() is not null
            && metadata.GetMetadata<IAllowAnonymous>() is null
            && !context.Items.ContainsKey(AuthorizationHasRun);
        if (isEarly)
            throw new InvalidOperationException("UseTenant() comes before the user is known. Call it after UseAuthentication() and UseAuthorization().");
    }
}
