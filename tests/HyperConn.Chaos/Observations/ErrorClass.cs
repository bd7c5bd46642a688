using System.Net.Sockets;
using Akka.Actor;
using Npgsql;

namespace HyperConn.Chaos.Observations;

/// <summary>What kind of error an exception is: the library's code, PostgreSQL's SQLSTATE, or what became of the connection.</summary>
internal static class ErrorClass
{
    /// <summary>The connection ended under a statement.</summary>
    public const string Broken = "connection broken";

    /// <summary>A statement took longer than its time-out.</summary>
    public const string Timeout = "statement timed out";

    /// <summary>An actor did not answer an Ask.</summary>
    public const string NoAnswer = "ask unanswered";

    /// <summary>The host that was asked has stopped.</summary>
    public const string HostStopped = "host stopped";

    public static string Of(HyperConnErrorCode code) => $"HyperConn {code}";

    public static string OfState(string sqlState) => $"SQLSTATE {sqlState}";

    public static string Of(Exception exception)
    {
        // The library's word first: what is inside it is its cause.
        var chain = Chain(exception).ToArray();
        if (chain.OfType<HyperConnException>().FirstOrDefault() is { } ours)
            return Of(ours.Code);
        if (chain.OfType<PostgresException>().FirstOrDefault() is { } postgres)
            return OfState(postgres.SqlState);
        if (chain.Any(inner => inner is AskTimeoutException))
            return NoAnswer;
        if (chain.Any(inner => inner is NpgsqlException) && chain.Any(inner => inner is TimeoutException))
            return Timeout;
        if (chain.Any(inner => inner is IOException or SocketException))
            return Broken;
        // A connection that broke between two statements is closed by the time of the second.
        if (chain.Any(inner => inner is InvalidOperationException && inner.Message.Contains("onnection is not open", StringComparison.Ordinal)))
            return Broken;
        return exception.GetType().Name;
    }

    /// <summary>Types and, where the library or PostgreSQL wrote them, words. Neither quotes a secret.</summary>
    public static string Describe(Exception exception) => string.Join(" <- ", Chain(exception).Select(inner => inner switch
    {
        HyperConnException ours => $"HyperConnException({ours.Code}: {ours.Message})",
        PostgresException postgres => $"PostgresException({postgres.SqlState}: {postgres.MessageText})",
        _ => $"{inner.GetType().Name}({inner.Message.ReplaceLineEndings(" ")})",
    }));

    private static IEnumerable<Exception> Chain(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
            if (exception is not AggregateException several)
                continue;
            foreach (var inner in several.InnerExceptions.Skip(1).SelectMany(Chain))
                yield return inner;
        }
    }
}
