namespace HyperConn.Events;

/// <summary>Keeps a tenant that fails all the time from filling the log: a few lines a minute for each of its causes.
/// Thread-safe.</summary>
internal sealed class FailureLog(TimeProvider clock)
{
    private const int MostInAMinute = 3;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Tenant, string? Cause), int> _lines = [];
    private long _minute;

    /// <summary>Whether one more line may be written.</summary>
    public bool MayWrite(string tenant, string? cause)
    {
        lock (_gate)
        {
            var minute = clock.GetUtcNow().Ticks / TimeSpan.TicksPerMinute;
            if (minute != _minute)
            {
                _minute = minute;
                _lines.Clear();
            }

            return (_lines[(tenant, cause)] = _lines.GetValueOrDefault((tenant, cause)) + 1) <= MostInAMinute;
        }
    }
}
