namespace HyperConn.Servers;

/// <summary>
/// How many connections a server may have: what is declared, or what it says of itself less headroom; and, below that, the ceiling learned
/// from its refusals. Not thread-safe.
/// </summary>
internal sealed class BudgetLimit
{
    /// <summary>Limit in <c>auto</c> before the server has been asked, unless fewer opens at once are allowed.</summary>
    public const int Provisional = 8;

    /// <summary>
    /// Clients a pooler takes, in <c>auto</c>: it doesn't tell its clients. PgBouncer's default of <c>max_client_conn</c> (its manual, config).
    /// </summary>
    public const int PoolersDefault = 100;

    private readonly ServerOptions _options;
    private readonly TimeSpan _interval;
    private readonly Random _random;

    private bool _isPooler;
    private int? _capacity;
    private int? _presumed;
    private int? _ceiling;
    private int _share = int.MaxValue;
    private int _refusedAt;
    private TimeSpan _riseAt;

    public BudgetLimit(ServerOptions options, BudgetTuning tuning, Random random)
    {
        _options = options;
        _interval = tuning.RecoveryInterval;
        _random = random;
        Compute();
    }

    /// <summary>The limit that counts now: at least 1, unless the server is shared with other processes (<see cref="Share"/>).</summary>
    public int InForce { get; private set; }

    /// <summary>The limit of the whole server, however it is shared.</summary>
    public int OfServer => Math.Min(Allowed, _ceiling ?? int.MaxValue);

    /// <summary>Whether the limit was declared or read, and not only assumed until the server is asked.</summary>
    public bool IsKnown => _options.MaxConnections is not null || _isPooler || _capacity is not null;

    /// <summary>The limit without a learned ceiling.</summary>
    public int Allowed { get; private set; }

    public bool IsUnlimited => Allowed == ServerOptions.Unlimited;

    /// <summary>Slots the server has for ordinary users, where it was asked.</summary>
    public int? Capacity => _capacity;

    /// <summary>Whether reading the server's capacity would tell something.</summary>
    public bool CapacityUnknown => _capacity is null && !_isPooler && !IsUnlimited;

    /// <summary>When the ceiling rises next; null: there is none.</summary>
    public TimeSpan? RisesAt => _ceiling is null ? null : _riseAt;

    public void Read(int maxConnections, int reserved)
    {
        _isPooler = false;
        _capacity = Math.Max(1, maxConnections - reserved);
        Compute();
    }

    /// <summary>A pooler stands there. What it says of <c>max_connections</c> is about some server behind it, not about its clients.</summary>
    public void Pooled()
    {
        _isPooler = true;
        _capacity = null;
        Compute();
    }

    /// <summary>
    /// What another host of the same cluster has, until this one is asked. A standby must allow at least as many connections as its primary
    /// (PostgreSQL manual, 26.4.3).
    /// </summary>
    public void Presume(int maxConnections, int reserved)
    {
        _presumed = Math.Max(1, maxConnections - reserved);
        Compute();
    }

    /// <summary>Sets how much of the server this process may use.</summary>
    public void Share(int permits)
    {
        _share = permits;
        Compute();
    }

    /// <summary>The server answered 53300 while <paramref name="granted"/> permits were out: one of them did not fit.</summary>
    public void Refused(int granted, TimeSpan now)
    {
        _ceiling = Math.Clamp(granted - 1, 1, Math.Max(1, InForce));
        _refusedAt = Math.Max(_refusedAt, granted);
        _riseAt = now + Jittered();
        Compute();
    }

    /// <summary>Raises the ceiling when it is time. Answers whether it is gone with that.</summary>
    public bool Rise(TimeSpan now)
    {
        if (_ceiling is not { } ceiling || now < _riseAt)
            return false;
        // Without a limit there is nothing to rise to but what the server has, or well above where it refused.
        var top = !IsUnlimited ? Allowed : _capacity ?? (int)Math.Min(2L * _refusedAt, int.MaxValue);
        // One slot at a time is right for small servers; on large ones it would take an hour to win back a burst.
        _ceiling = ceiling + Math.Clamp(top / 100, 1, 10);
        _riseAt = now + Jittered();
        if (_ceiling >= top)
            (_ceiling, _refusedAt) = (null, 0);
        Compute();
        return _ceiling is null;
    }

    private TimeSpan Jittered() => _interval * (1 + (_random.NextDouble() / 2));

    private void Compute()
    {
        // In decimal: 10 slots with 90 % headroom are one, not 0.9999….
        Allowed = _options.MaxConnections
            ?? ((_isPooler ? PoolersDefault : _capacity ?? _presumed) is { } capacity
                ? Math.Max(1, (int)(capacity * (1 - (decimal)_options.Headroom)))
                : Math.Min(Provisional, _options.MaxConcurrentOpens));
        InForce = Math.Min(OfServer, _share);
    }
}
