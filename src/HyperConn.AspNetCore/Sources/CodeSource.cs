using Microsoft.AspNetCore.Http;

namespace HyperConn.AspNetCore.Sources;

/// <summary>Code of the application.</summary>
internal sealed class CodeSource(Func<HttpContext, ValueTask<TenantKey?>> find) : TenantSource(service: null)
{
    public override bool NeedsService => false;

    public override async ValueTask<TenantAnswer> AskAsync(HttpContext context, string serviceOrOnly)
    {
        try
        {
            // default(TenantKey) is no tenant.
            return await find(context).ConfigureAwait(false) is not { } found ? TenantAnswer.Nothing
                : found.Org.Length == 0 ? TenantAnswer.Impossible
                : new TenantAnswer([found]);
        }
        catch (HyperConnException e) when (e.Code == HyperConnErrorCode.InvalidTenant)
        {
            return TenantAnswer.Impossible;
        }
    }
}
