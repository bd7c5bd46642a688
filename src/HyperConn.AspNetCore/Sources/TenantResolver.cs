using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace HyperConn.AspNetCore.Sources;

/// <summary>Asks all places of a request for its tenant, and accepts what none contradicts.</summary>
internal sealed class TenantResolver
{
    private readonly (TenantSource Source, string Service)[] _said;
    private readonly (TenantSource Source, string Service)[] _proved;

    /// <exception cref="InvalidOperationException">A place is not told its service, and there is not just one.</exception>
    public TenantResolver(IEnumerable<TenantSource> sources, IOptions<HyperConnOptions> options)
    {
        var all = sources.Select(source => (source, source.NeedsService ? source.Service ?? OnlyOne(options.Value.Services) : "")).ToLookup(one => one.source.IsProved);
        (_said, _proved) = ([.. all[false]], [.. all[true]]);
    }

    /// <summary>Whether some tenants are claims of users.</summary>
    public bool AsksUsers => _proved.Length > 0;

    /// <summary>Finds the tenant of a request.</summary>
    public async ValueTask<TenantResolution> ResolveAsync(HttpContext context)
    {
        var said = await SaidAsync(context).ConfigureAwait(false);
        if (!AsksUsers || !context.User.Identities.Any(identity => identity.IsAuthenticated) || said.Problem is TenantProblemCodes.Ambiguous or TenantProblemCodes.Unknown)
            return said;

        var proved = new HashSet<TenantKey>();
        foreach (var (source, service) in _proved)
            proved.UnionWith((await source.AskAsync(context, service).ConfigureAwait(false)).Tenants);
        if (said.Tenant is { } picked)
            return proved.Contains(picked) ? said : TenantResolution.Refused(TenantProblemCodes.Forbidden);
        return proved.Count switch
        {
            0 => TenantResolution.Refused(TenantProblemCodes.Forbidden),
            1 => TenantResolution.Found(proved.Single()),
            _ => TenantResolution.Refused(TenantProblemCodes.Ambiguous),
        };
    }

    private async ValueTask<TenantResolution> SaidAsync(HttpContext context)
    {
        TenantKey? found = null;
        var (isAmbiguous, isImpossible) = (false, false);
        foreach (var (source, service) in _said)
        {
            var answer = await source.AskAsync(context, service).ConfigureAwait(false);
            isImpossible |= answer.IsImpossible;
            foreach (var tenant in answer.Tenants)
            {
                isAmbiguous |= found is { } other && other != tenant;
                found = tenant;
            }
        }

        return isAmbiguous ? TenantResolution.Refused(TenantProblemCodes.Ambiguous)
            : isImpossible ? TenantResolution.Refused(TenantProblemCodes.Unknown)
            : found is { } only ? TenantResolution.Found(only)
            : TenantResolution.Refused(TenantProblemCodes.Missing);
    }

    private static string OnlyOne(IList<string> services) => services is [var only]
        ? only
        : throw new InvalidOperationException(
            $"WithTenantFrom… needs to know the service of its organisations: HyperConnOptions.Services has {services.Count}, not one. "
            + "Name it, as in WithTenantFromHeader(\"X-Tenant\", service: \"core\").");
}

/// <summary>The tenant of a request, or why it has none.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Problem">One of <see cref="TenantProblemCodes"/>; null with a tenant.</param>
internal readonly record struct TenantResolution(TenantKey? Tenant, string? Problem)
{
    public static TenantResolution Found(TenantKey tenant) => new(tenant, null);

    public static TenantResolution Refused(string problem) => new(null, problem);
}
