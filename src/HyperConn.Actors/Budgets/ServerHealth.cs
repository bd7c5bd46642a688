namespace HyperConn;

/// <summary>
/// Whether a PostgreSQL server is there. While it is not, every open takes the slow path, where one at a time tries.
/// </summary>
/// <remarks>
/// The epoch is even while the server is well and odd while it is not. A generation compares it with the epoch it last saw, one read on
/// the hot path; a difference sends it to the slow path, where it drops what may be dead.
/// </remarks>
internal sealed class ServerHealth
{
    // Short at first, so that a restart costs callers no more than it takes; then the pace of an outage.
    private static readonly TimeSpan[] Delays =
    [
        .. new[] { 0.1, 0.2, 0.4, 0.8 }.Select(TimeSpan.FromSeconds),
        .. Enumerable.Repeat(TimeSpan.FromSeconds(1), 30),
        .. new[] { 5.0, 10, 20, 30 }.Select(TimeSpan.FromSeconds),
    ];

    private static readonly TimeSpan BreakWindow = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private TenantKey _lastBroken;
    private DateTimeOffset _lastBrokenAt;
    private int _epoch;

    public ServerHealth(TimeProvider time, Random? random = null)
    {
        _time = time;
        Circuit = new Circuit(time, Delays, jitter: 0.2, random);
    }

    public Circuit Circuit { get; }

    public int Epoch => Volatile.Read(ref _epoch);

    /// <summary>The server answered.</summary>
    /// <returns>Whether it had been away.</returns>
    public bool ReportReachable()
    {
        if ((Epoch & 1) == 0 && !Circuit.IsOpen)
            return false;
        lock (_gate)
        {
            if ((_epoch & 1) == 1)
                Volatile.Write(ref _epoch, _epoch + 1);
            return Circuit.Reset();
        }
    }

    /// <summary>The server can't be reached, starts or stops.</summary>
    /// <returns>Whether this is news.</returns>
    public bool ReportUnreachable(HyperConnFailure failure, CircuitPass pass)
    {
        lock (_gate)
        {
            if ((_epoch & 1) == 0)
                Volatile.Write(ref _epoch, _epoch + 1);
            return Circuit.Failed(failure, pass);
        }
    }

    /// <summary>
    /// A connection broke under its lease. One alone may be anything; two tenants within a second look like the server, and then every
    /// idle connection to it is suspect.
    /// </summary>
    public void ReportBroken(TenantKey tenant)
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            if (!_lastBroken.IsDefault && _lastBroken != tenant && now - _lastBrokenAt < BreakWindow && (_epoch & 1) == 0)
                Volatile.Write(ref _epoch, _epoch + 2);
            _lastBroken = tenant;
            _lastBrokenAt = now;
        }
    }
}
