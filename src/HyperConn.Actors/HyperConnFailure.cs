namespace HyperConn;

/// <summary>Why something could not be had: what actors get in a reply, and what <see cref="HyperConnException"/> carries.</summary>
/// <param name="Code">Stable code.</param>
/// <param name="Message">What happened and what to check. Never holds a secret or text from one.</param>
/// <param name="Tenant">The tenant concerned, where one is known.</param>
/// <param name="RetryAt">When asking again may help, where that is known; earlier asks get this same answer at once.</param>
public sealed record HyperConnFailure(
    HyperConnErrorCode Code,
    string Message,
    TenantKey? Tenant = null,
    DateTimeOffset? RetryAt = null);
