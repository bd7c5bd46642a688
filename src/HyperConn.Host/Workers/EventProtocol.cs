using Akka.Actor;

namespace HyperConn.Host.Workers;

/// <summary>Asks a <see cref="TenantEventActor"/> to handle an event. Answered with an <see cref="EventOutcome"/>.</summary>
internal sealed record HandleEvent(TenantEvent Event) : INoSerializationVerificationNeeded;

/// <summary>How an event ended.</summary>
/// <param name="Result">In one word.</param>
/// <param name="Cause">Short, stable name of what went wrong, to count by: an error code of ours or of PostgreSQL's.</param>
/// <param name="Message">What went wrong, for people; no secrets.</param>
internal sealed record EventOutcome(EventResult Result, string? Cause = null, string? Message = null)
{
    /// <summary>Cause of an event for which the supervisor gave no answer.</summary>
    public const string AskTimeout = "AskTimeout";

    public static readonly EventOutcome Done = new(EventResult.Done);

    /// <summary>Of an event that was read but not begun when the host was told to stop.</summary>
    public static readonly EventOutcome Stopped = new(EventResult.Failed, "Stopped", "The host was told to stop before it was this event's turn.");

    public static EventOutcome Of(HyperConnFailure failure) => new(EventResult.Failed, failure.Code.ToString(), failure.Message);

    public static EventOutcome Of(Exception error) => error switch
    {
        HyperConnException e => Of(e.Failure),
        Npgsql.PostgresException e => new EventOutcome(EventResult.Failed, e.SqlState, e.MessageText),
        AskTimeoutException => new EventOutcome(EventResult.Failed, AskTimeout, "The pool supervisor did not answer in time."),
        _ => new EventOutcome(EventResult.Failed, error.GetType().Name, error.Message),
    };
}

/// <summary>How an event ended, in one word.</summary>
internal enum EventResult
{
    /// <summary>Handled.</summary>
    Done,

    /// <summary>Not handled.</summary>
    Failed,

    /// <summary>Handled on a connection that was not this tenant's. Must never happen.</summary>
    WrongTenant,
}
