namespace HyperConn.Tests.Schedules;

/// <summary>Plain fields that threads use without order, and may.</summary>
internal static class Meant
{
    public static IReadOnlySet<string> Races { get; } = new HashSet<string>(StringComparer.Ordinal);
}
