using System.Data.Common;
using System.Net.Sockets;
using Akka.Actor;
using Npgsql;

namespace HyperConn.Events;

/// <summary>Why an attempt failed, and what that means for the event.</summary>
/// <param name="Code">Short, stable name, to count by.</param>
/// <param name="Message">For people; no secrets.</param>
/// <param name="IsTransient">Whether it may pass: the event is retried.</param>
/// <param name="IsAway">Whether it is the tenant that can't be reached, so that its other events would fare no better.</param>
internal sealed record EventFault(string Code, string Message, bool IsTransient, bool IsAway = false)
{
    /// <summary>Code of an attempt that was cancelled or took too long.</summary>
    public const string Timeout = "AttemptTimeout";

    public static EventFault Of(Exception error) => error switch
    {
        ForwardedFaultException e => e.Fault,
        EventRejectedException e => new EventFault(e.Code, e.Message, IsTransient: false),
        EventRetryException e => new EventFault(e.Code, e.Message, IsTransient: true),
        HyperConnException e => Of(e),
        PostgresException e => new EventFault(
            e.SqlState, e.MessageText, IsTransientState(e.SqlState) || e.IsTransient, IsAwayState(e.SqlState)),
        OperationCanceledException => new EventFault(Timeout, "The attempt took too long and was cancelled.", IsTransient: true),
        AskTimeoutException => new EventFault(Timeout, "The actor did not answer in time.", IsTransient: true),
        // A broken connection; the server itself may be gone.
        NpgsqlException e => new EventFault(nameof(NpgsqlException), e.Message, e.IsTransient || IsBroken(e), e.IsTransient || IsBroken(e)),
        DbException e => new EventFault(e.SqlState ?? e.GetType().Name, e.Message, e.IsTransient),
        _ => new EventFault(error.GetType().Name, error.Message, IsBroken(error)),
    };

    /// <summary>Whether the manager hands out no connections any more: nothing is the matter with the event.</summary>
    public static bool IsShutdown(Exception error) => error is HyperConnException { Code: HyperConnErrorCode.ShuttingDown };

    // A connection that a server does not take is no fault of the event: one that is being killed refuses in many ways.
    private static EventFault Of(HyperConnException error) => new(
        error.Code.ToString(),
        error.Message,
        error.IsTransient || error.Code == HyperConnErrorCode.ConnectionFailed,
        (error.IsTransient && error.Code != HyperConnErrorCode.Internal) || error.Code == HyperConnErrorCode.ConnectionFailed);

    private static bool IsBroken(Exception error) =>
        error is IOException or SocketException or TimeoutException || (error.InnerException is { } inner && IsBroken(inner));

    // PostgreSQL's Appendix A: connections (08), resources (53), system errors outside PostgreSQL (58), serialization failure (40001),
    // completion
    // unknown (40003), deadlock (40P01), object in use (55006), lock not available (55P03), cancelled (57014: a statement or lock
    // time-out), shutdown and crash (57P01 to 57P03), idle sessions ended (57P05), and writes to a standby (25006) while a failover is
    // under way.
    private static bool IsTransientState(string state) =>
        IsAwayState(state) || state.StartsWith("53", StringComparison.Ordinal) || state.StartsWith("58", StringComparison.Ordinal)
        || state is "40001" or "40003" or "40P01" or "55006" or "55P03" or "57014";

    private static bool IsAwayState(string state) =>
        state.StartsWith("08", StringComparison.Ordinal) || state is "57P01" or "57P02" or "57P03" or "57P05" or "25006" or "53300";
}
