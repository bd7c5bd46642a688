namespace HyperConn.Events;

/// <summary>A handler's word that an event can't be handled, now or later: it is rejected at once.</summary>
/// <param name="code">Short, stable name of the reason, to count by.</param>
/// <param name="message">The reason, for people; no secrets.</param>
/// <param name="innerException">What caused it, if anything.</param>
public sealed class EventRejectedException(string code, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Short, stable name of the reason.</summary>
    public string Code { get; } = code;
}

/// <summary>A handler's word that an event can't be handled now, but may be later: it is retried.</summary>
/// <param name="code">Short, stable name of the reason, to count by.</param>
/// <param name="message">The reason, for people; no secrets.</param>
/// <param name="innerException">What caused it, if anything.</param>
public sealed class EventRetryException(string code, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Short, stable name of the reason.</summary>
    public string Code { get; } = code;
}
