namespace HyperConn.AspNetCore;

/// <summary>Lets a controller, an action, a hub or another endpoint serve requests with a tenant only, as
/// <c>RequireTenant()</c> does. <c>UseTenant()</c> must be in the pipeline.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RequireTenantAttribute : Attribute;
