using System.Diagnostics;

namespace HyperConn.Chaos.Observations;

/// <summary>Time since the program began; no step of a clock on the wall moves it.</summary>
internal static class RunClock
{
    private static readonly long Start = Stopwatch.GetTimestamp();

    public static TimeSpan Now => Stopwatch.GetElapsedTime(Start);
}
