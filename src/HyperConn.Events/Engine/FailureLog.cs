namespace HyperConn.Events;

/// <summary>Keeps a tenant that fails all the time from filling the log: a few lines a minute for each of its causes.
/// Thread-safe.</summary>
internal sealed class FailureLog(TimeProvider clock)
{
    private const int MostInAMinute = 3;

    /// <summary>Tenants and causes that are told apart in a minute; those beyond share their lines.</summary>
    public const int MostTenants = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Tenant, string? Cause), int> _lines = [];
    private long _minute;

    /// <summary>Tenants and causes that had lines in this minute.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _lines.Count;
        }
    }

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

            var key = (tenant, cause);
            if (_lines.Count >= MostTenants && !_lines.ContainsKey(key))
                key = ("", null);
            return (_lines[key] = _lines.GetValueOrDefault(key) + 1) <= MostInAMinute;
        }
    }
}
