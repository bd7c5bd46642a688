using Microsoft.AspNetCore.Http;

namespace HyperConn.AspNetCore.Sources;

/// <summary>A claim of the user who is signed in, who may have several.</summary>
internal sealed class ClaimSource(string type, string? service) : TenantSource(service)
{
    public override bool IsProved => true;

    // One that can't be an organisation is none: who has no other belongs to no tenant.
    public override ValueTask<TenantAnswer> AskAsync(HttpContext context, string serviceOrOnly) => ValueTask.FromResult(new TenantAnswer(
    [
        .. from identity in context.User.Identities
           where identity.IsAuthenticated
           from claim in identity.FindAll(type)
           from tenant in TenantAnswer.Of(serviceOrOnly, claim.Value).Tenants
           select tenant,
    ]));
}
