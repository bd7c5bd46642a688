namespace HyperConn.Events.Sources;

/// <summary>Lets a line about the same fault through once a minute: an outage is one matter, however many calls fail.
/// Thread-safe.</summary>
internal sealed class FaultPace(TimeProvider time)
{
    private const int MostKinds = 100;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _written = new(StringComparer.Ordinal);

    public bool MayWrite(string kind)
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            if (_written.TryGetValue(kind, out var last) && time.GetElapsedTime(last, now) < TimeSpan.FromMinutes(1))
                return false;
            if (_written.Count >= MostKinds)
                _written.Clear();
            _written[kind] = now;
            return true;
        }
    }
}
