namespace HyperConn;

/// <summary>
/// The tenant that the current scope of the container works for: one request, one message. Scoped: each scope has its own.
/// </summary>
/// <remarks>Set it once, at the start of the scope and before anything is resolved that reads it, such as a tenant's <c>DbContext</c>.</remarks>
public interface ITenantAccessor
{
    /// <summary>The tenant; null until somebody sets it.</summary>
    /// <exception cref="InvalidOperationException">It was set to another tenant than before: one scope never works for two.</exception>
    TenantKey? Tenant { get; set; }

    /// <summary>The tenant.</summary>
    /// <exception cref="InvalidOperationException">Nobody has set it.</exception>
    TenantKey Required => Tenant ?? throw new InvalidOperationException(
        "This scope has no tenant. Set ITenantAccessor.Tenant at its start, in a web application by WithTenantFrom….");
}
