namespace HyperConn.Events;

/// <summary>How an event ended.</summary>
/// <param name="Result">In one word.</param>
/// <param name="Code">Short, stable name of what went wrong, to count by: an SQLSTATE, a <see cref="HyperConnErrorCode"/>, the name of an
/// exception; null when nothing did.</param>
/// <param name="Message">What went wrong, for people; no secrets.</param>
/// <param name="Attempts">How many times it was tried here and, where the source knows, before; 0: it could not even be tried.</param>
public sealed record EventOutcome(EventResult Result, string? Code = null, string? Message = null, int Attempts = 1);

/// <summary>How an event ended, in one word.</summary>
public enum EventResult
{
    /// <summary>Its effect is committed.</summary>
    Handled,

    /// <summary>Its effect had been committed before, says the tenant's inbox; nothing was done.</summary>
    Duplicate,

    /// <summary>It failed for good: at once for a reason that lasts, or after it was retried for as long as allowed. It had no
    /// effect.</summary>
    Rejected,
}
