using System.Globalization;
using System.Reflection;
using HyperConn.Events;
using Npgsql;

namespace HyperConn.Host;

/// <summary>The worker of events as the page shows it.</summary>
/// <param name="Source">Name of the source.</param>
/// <param name="State"><c>running</c>, <c>ended</c> or <c>failed</c>.</param>
/// <param name="HandledPerSecond">Events handled a second, against the sample before.</param>
/// <param name="WaitingAtSource">Events that wait at the source; null: it can't tell.</param>
/// <param name="OldestAge">Age of the oldest that waits at the source, or, where it can't tell, of the event begun last; seconds.</param>
/// <param name="InFlight">Events under way.</param>
/// <param name="Waiting">Events read that wait for their turn or a retry.</param>
/// <param name="Handled">Events handled since the start.</param>
/// <param name="Retries">Attempts that failed and were made again.</param>
/// <param name="Duplicates">Events whose effect had been committed before.</param>
/// <param name="Rejected">Events that failed for good.</param>
/// <param name="Causes">What went wrong most often, most first.</param>
/// <param name="MoreCauses">Causes beyond these.</param>
internal sealed record EventWorkerRow(
    string Source,
    string State,
    double HandledPerSecond,
    long? WaitingAtSource,
    double? OldestAge,
    int InFlight,
    int Waiting,
    long Handled,
    long Retries,
    long Duplicates,
    long Rejected,
    IReadOnlyList<EventCauseRow> Causes,
    int MoreCauses)
{
    private const int MostCauses = 5;
    private const int MostCharacters = 120;

    // Messages of servers quote values, and those of handlers may say anything: what the page tells of a cause is its name.
    private static readonly Dictionary<string, string> States = typeof(PostgresErrorCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field is { IsLiteral: true } && field.FieldType == typeof(string))
        .GroupBy(field => (string)field.GetRawConstantValue()!, StringComparer.Ordinal)
        .ToDictionary(state => state.Key, state => HostSettings.NameOf(state.First().Name).Replace('-', ' '), StringComparer.Ordinal);

    /// <summary>One moment of a worker.</summary>
    /// <param name="now">What it has done.</param>
    /// <param name="completion">Its end.</param>
    /// <param name="at">When.</param>
    /// <param name="last">The moment before; null: there was none.</param>
    public static EventWorkerRow Of(TenantEventStatistics now, Task completion, DateTimeOffset at, (long Handled, DateTimeOffset At)? last)
    {
        var seconds = last is { } before ? (at - before.At).TotalSeconds : 0;
        var age = now.AtSource.OldestAt is { } made ? at - made
            : now.InFlight + now.Waiting > 0 || now.AtSource.Waiting > 0 ? now.OldestAge : null;
        return new EventWorkerRow(
            Clean(now.Source),
            completion.IsFaulted ? "failed" : completion.IsCompleted ? "ended" : "running",
            seconds > 0 ? Math.Round((now.Handled - last!.Value.Handled) / seconds, 2) : 0,
            now.AtSource.Waiting,
            age is { } span ? Math.Round(Math.Max(0, span.TotalSeconds), 3) : null,
            now.InFlight,
            now.Waiting,
            now.Handled,
            now.Retries,
            now.Duplicates,
            now.Rejected,
            [
                .. now.Causes.OrderByDescending(cause => cause.Failures).ThenBy(cause => cause.Code, StringComparer.Ordinal).Take(MostCauses)
                    .Select(cause => new EventCauseRow(Clean(cause.Code), States.GetValueOrDefault(cause.Code), cause.Failures, cause.Rejected)),
            ],
            Math.Max(0, now.Causes.Count - MostCauses));
    }

    // Handlers choose their codes.
    private static string Clean(string text)
    {
        var line = Printable.Line(text);
        return new StringInfo(line) is { LengthInTextElements: > MostCharacters } letters ? letters.SubstringByTextElements(0, MostCharacters) + "…" : line;
    }
}

/// <summary>One way for events to go wrong. Never a message.</summary>
/// <param name="Code">Its short, stable name; SQLSTATE where PostgreSQL refused.</param>
/// <param name="Condition">PostgreSQL's name of the condition, for a SQLSTATE.</param>
/// <param name="Failures">Attempts that failed so.</param>
/// <param name="Rejected">Events rejected for it.</param>
internal sealed record EventCauseRow(string Code, string? Condition, long Failures, long Rejected);
