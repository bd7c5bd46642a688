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

/// <summary>What the connections a pool left idle are worth.</summary>
internal enum IdleTrust
{
    /// <summary>They work: a session that is as old as they are answered a moment ago.</summary>
    Trusted,

    /// <summary>They may be dead: ask one before it is handed out.</summary>
    Probe,

    /// <summary>They are dead: the server was away since.</summary>
    Lost,
}

/// <summary>Whether a PostgreSQL server is there, and whether idle connections to it can be trusted.</summary>
/// <remarks>
/// <para>The epoch is even while the server is well and odd while it is away; it also moves on when there is doubt whether the server has
/// restarted. A generation compares it with the epoch it trusts, one read on the hot path; a difference sends it to the slow path.</para>
/// <para>A restart ends every session. So one session that was opened before the doubt and answers after it proves that there was none, for
/// all tenants: their generations are trusted again without being asked. Connections that come back whole extend that, for
/// <see cref="AnswerLasts"/>. A server of which nothing has come back for <see cref="ProofLasts"/> is in doubt.</para>
/// </remarks>
internal sealed class ServerHealth
{
    /// <summary>How long, in milliseconds, an answer proves that the server has not restarted. Servers take longer to restart.</summary>
    public const long ProofLasts = 1_000;

    /// <summary>
    /// How long, in milliseconds, connections that come back whole may extend an answer. One that was closed without a statement comes back
    /// whole from a dead server, too; so now and then one is asked.
    /// </summary>
    public const long AnswerLasts = 5_000;

    /// <summary>
    /// Most tenants whose lack of an answer is remembered, in doubt of the server and held against themselves. The latest stay: one that was
    /// forgotten is believed once more, as it was the first time.
    /// </summary>
    public const int MostRemembered = 1_000;

    // Short at first, so that a restart costs callers no more than it takes; then the pace of an outage. One open every few seconds costs a
    // server nothing, and whoever opens with a short deadline has it back that soon.
    private static readonly TimeSpan[] Delays =
    [
        .. new[] { 0.1, 0.2, 0.4, 0.8 }.Select(TimeSpan.FromSeconds),
        .. Enumerable.Repeat(TimeSpan.FromSeconds(1), 30),
        TimeSpan.FromSeconds(5),
    ];

    private readonly Lock _gate = new();
    private readonly RecentTenants _doubters = new(MostRemembered);
    private readonly RecentTenants _discredited = new(MostRemembered);
    private volatile bool _doubted;
    private int _epoch;
    private int _trustedFrom;
    private int _lastOutage;
    private long _answeredAt;
    private long _provedAt;
    private bool _isProved;

    /// <param name="time">The clock.</param>
    /// <param name="random">Null: the shared generator.</param>
    /// <param name="epoch">The first epoch, an even one.</param>
    public ServerHealth(TimeProvider time, Random? random = null, int epoch = 0)
    {
        Circuit = new Circuit(time, Delays, jitter: 0.2, random);
        _epoch = epoch;
    }

    /// <summary>Memory of a server that is away.</summary>
    public Circuit Circuit { get; }

    public int Epoch => Volatile.Read(ref _epoch);

    /// <summary>Tenants remembered because they got no answer.</summary>
    public int Remembered
    {
        get
        {
            lock (_gate)
                return _doubters.Count + _discredited.Count;
        }
    }

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
                _discredited.AddAll(_doubters);
            _discredited.Remove(tenant);
            _doubters.Clear();
            _doubted = _discredited.Count > 0;
            if ((_epoch & 1) == 1)
            {
                _lastOutage = _trustedFrom = _epoch + 1;
                _isProved = false;
                Volatile.Write(ref _epoch, _epoch + 1);
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

    /// <summary>A connection broke under its lease. It may be anything, a server that restarted among it: from now on nothing older is trusted.</summary>
    /// <returns>Whether this raises a doubt that was not there.</returns>
    public bool Doubt()
    {
        lock (_gate)
        {
            if ((_epoch & 1) == 1 || !_isProved)
                return false;
            RaiseDoubt();
            return true;
        }
    }

    /// <summary>Raises a doubt if no answer has proved anything for too long. Called now and then.</summary>
    /// <param name="now"><see cref="CoarseClock.Milliseconds"/>.</param>
    public void DoubtIfSilent(long now)
    {
        lock (_gate)
        {
            if (_isProved && (_epoch & 1) == 0 && now - _provedAt > ProofLasts)
                RaiseDoubt();
        }
    }

    /// <summary>What connections are worth that were left idle by a generation that trusts an epoch.</summary>
    /// <param name="trusted">That epoch.</param>
    /// <param name="epoch">The epoch now, which the generation may trust from now on unless it has to probe.</param>
    public IdleTrust Judge(int trusted, out int epoch)
    {
        lock (_gate)
        {
            epoch = _epoch;
            return trusted == _epoch ? IdleTrust.Trusted
                : (_epoch & 1) == 1 || trusted < _lastOutage ? IdleTrust.Lost
                : trusted >= _trustedFrom ? IdleTrust.Trusted
                : IdleTrust.Probe;
        }
    }

    /// <summary>A connection works that was opened in, or before, the epoch which its generation trusts.</summary>
    /// <param name="trusted">That epoch.</param>
    /// <param name="openedAt">When the generation last opened a connection: none of its connections is younger.</param>
    /// <param name="now">The time; both are <see cref="CoarseClock.Milliseconds"/>.</param>
    /// <returns>The epoch the generation may trust now.</returns>
    public int Prove(int trusted, long openedAt, long now)
    {
        lock (_gate)
        {
            if ((_epoch & 1) == 1)
                return trusted;

            // Only a session from before the last answer says anything about others of its age.
            if (trusted < _trustedFrom && trusted >= _lastOutage && openedAt <= _answeredAt)
                _trustedFrom = trusted;
            if (trusted >= _trustedFrom && openedAt <= _answeredAt)
                (_answeredAt, _provedAt, _isProved) = (now, now, true);
            else if (!_isProved)
                StartProof(now);
            return _epoch;
        }
    }

    /// <summary>A new session was opened. Where nothing is trusted yet, trust begins with it.</summary>
    /// <param name="now"><see cref="CoarseClock.Milliseconds"/>.</param>
    public void NoteOpened(long now)
    {
        lock (_gate)
        {
            if (!_isProved && (_epoch & 1) == 0)
                StartProof(now);
        }
    }

    /// <summary>A generation that trusts the present epoch had a connection back whole.</summary>
    /// <param name="returnedAt">When.</param>
    /// <param name="openedAt">When it last opened one; both <see cref="CoarseClock.Milliseconds"/>.</param>
    public void NoteReturned(long returnedAt, long openedAt)
    {
        lock (_gate)
        {
            if (_isProved && openedAt <= _provedAt)
                _provedAt = Math.Max(_provedAt, Math.Min(returnedAt, _answeredAt + AnswerLasts));
        }
    }

    private void StartProof(long now)
    {
        _trustedFrom = Math.Max(_trustedFrom, _epoch);
        (_answeredAt, _provedAt, _isProved) = (now, now, true);
    }

    private void RaiseDoubt()
    {
        _isProved = false;
        _trustedFrom = _epoch + 2;
        Volatile.Write(ref _epoch, _epoch + 2);
    }
}
