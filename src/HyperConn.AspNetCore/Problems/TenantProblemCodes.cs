namespace HyperConn.AspNetCore;

/// <summary>What stands in <c>code</c> of a problem's details. They are part of the contract: clients may decide by them.</summary>
public static class TenantProblemCodes
{
    /// <summary>400: the request names no tenant, and the endpoint demands one.</summary>
    public const string Missing = "TenantMissing";

    /// <summary>400: the request names more than one tenant, or the user has several and the request picks none.</summary>
    public const string Ambiguous = "TenantAmbiguous";

    /// <summary>403: the user does not belong to the tenant that the request names, or to none at all.</summary>
    public const string Forbidden = "TenantForbidden";

    /// <summary>404: there is no such tenant. The same whether it can't be one, is not served, or has no secret.</summary>
    public const string Unknown = "TenantUnknown";

    /// <summary>503: connections are all in use; the same request may succeed after <c>Retry-After</c>.</summary>
    public const string Busy = "TenantBusy";

    /// <summary>503: the tenant's database can't be reached or used now; the same request may succeed after <c>Retry-After</c>.</summary>
    public const string Unavailable = "TenantUnavailable";

    /// <summary>500: the tenant's credentials or the application's settings must be mended first; the log says what.</summary>
    public const string Fault = "TenantFault";
}
