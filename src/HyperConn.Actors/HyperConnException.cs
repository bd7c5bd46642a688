namespace HyperConn;

/// <summary>The one exception the library throws for anything that went wrong on the way to a tenant's connection.</summary>
/// <remarks>
/// Misuse of an argument still gets an <see cref="ArgumentException"/>, and cancellation by the caller an
/// <see cref="OperationCanceledException"/>. What PostgreSQL said is the <see cref="Exception.InnerException"/>.
/// </remarks>
public sealed class HyperConnException : Exception
{
    /// <summary>Makes an exception of a failure.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="innerException">What caused it, if anything.</param>
    public HyperConnException(HyperConnFailure failure, Exception? innerException = null)
        : base((failure ?? throw new ArgumentNullException(nameof(failure))).Message, innerException) => Failure = failure;

    /// <summary>The failure: code, message, tenant and when to try again.</summary>
    public HyperConnFailure Failure { get; }

    /// <summary>Stable code of what went wrong.</summary>
    public HyperConnErrorCode Code => Failure.Code;

    /// <summary>The tenant concerned, where one is known.</summary>
    public TenantKey? Tenant => Failure.Tenant;
}
