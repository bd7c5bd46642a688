using HyperConn.Primitives;

namespace HyperConn.Servers;

/// <summary>What to make of an open that got no answer.</summary>
internal enum NoAnswerMeans
{
    /// <summary>One tenant, once: it may try again.</summary>
    Unknown,

    /// <summary>The server is away.</summary>
    Server,

    /// <summary>The server answers others.</summary>
    Tenant,
}

/// <summary>
/// Whether a PostgreSQL server is there. While it is not, every open takes the slow path, where one at a time tries.
/// </summary>
/// <remarks>
/// The epoch is even while the server is well and odd while it is not. A generation compares it with the epoch it last saw, one read on
/// the hot path; a difference sends it to the slow path, where it drops what may be dead.
/// </remarks>
internal sealed class ServerHealth
{
    // Short at first, so that a restart costs callers no more than it takes; then the pace of an outage. One open every few seconds costs a
    // server nothing, and whoever opens with a short deadline has it back that soon.
    private static readonly TimeSpan[] Delays =
    [
        .. new[] { 0.1, 0.2, 0.4, 0.8 }.Select(TimeSpan.FromSeconds),
        .. Enumerable.Repeat(TimeSpan.FromSeconds(1), 30),
        TimeSpan.FromSeconds(5),
    ];

    private static readonly TimeSpan BreakWindow = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly HashSet<TenantKey> _doubters = [];
    private readonly HashSet<TenantKey> _discredited = [];
    private volatile bool _doubted;
    private TenantKey _lastBroken;
    private DateTimeOffset _lastBrokenAt;
    private DateTimeOffset _recoveredAt;
    private int _epoch;

    public ServerHealth(TimeProvider time, Random? random = null)
    {
        _time = time;
        Circuit = new Circuit(time, Delays, jitter: 0.2, random);
    }

    public Circuit Circuit { get; }

    public int Epoch => Volatile.Read(ref _epoch);

    /// <summary>The server answered a tenant that opened a connection.</summary>
    /// <returns>Whether it had been away.</returns>
    public bool ReportReachable(TenantKey tenant = default)
    {
        if ((Epoch & 1) == 0 && !_doubted && !Circuit.IsOpen)
            return false;
        lock (_gate)
        {
            // Whoever got no answer when others get one may have settings the server does not like.
            if (!Circuit.IsOpen)
                _discredited.UnionWith(_doubters);
            _discredited.Remove(tenant);
            _doubters.Clear();
            _doubted = _discredited.Count > 0;
            if ((_epoch & 1) == 1)
            {
                Volatile.Write(ref _epoch, _epoch + 1);
                _recoveredAt = _time.GetUtcNow();
            }

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
    /// A tenant got no answer in time, or a cut connection. Alone that may be its own settings (an encryption the server does not speak),
    /// for which nobody else should pay: two tenants say that it is the server, or one that nobody else is with.
    /// </summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="alone">Whether no other tenant has connections to the server.</param>
    public NoAnswerMeans ReportNoAnswer(TenantKey tenant, bool alone)
    {
        lock (_gate)
        {
            if (_discredited.Contains(tenant) && !alone)
                return NoAnswerMeans.Tenant;
            _doubted = true;
            _doubters.Add(tenant);
            return alone || _doubters.Count > 1 ? NoAnswerMeans.Server : NoAnswerMeans.Unknown;
        }
    }

    /// <summary>
    /// A connection broke under its lease. One alone may be anything; two tenants within a second look like the server, and then every
    /// idle connection to it is suspect. Just after an outage they are what is left from before it.
    /// </summary>
    /// <returns>Whether this makes them suspect.</returns>
    public bool ReportBroken(TenantKey tenant)
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            var suspect = !_lastBroken.IsDefault && _lastBroken != tenant && now - _lastBrokenAt < BreakWindow && (_epoch & 1) == 0
                && now - _recoveredAt >= BreakWindow;
            if (suspect)
                Volatile.Write(ref _epoch, _epoch + 2);
            _lastBroken = tenant;
            _lastBrokenAt = now;
            return suspect;
        }
    }
}
