namespace HyperConn.Tests.Dashboard;

/// <summary>
/// A manager made of numbers: thousands of tenants that come alive, wait, fail and go idle, reproducibly. Each snapshot is
/// <see cref="Step"/> later than the one before, however fast it is asked for.
/// </summary>
internal sealed class FakeManager : IStatisticsSource, ITenantOperator
{
    private static readonly string[] Services = ["billing", "core", "mail", "reports"];
    private static readonly ServerEndpoint[] Endpoints =
        [new("pg-eu-1.internal", 5432), new("pg-eu-2.internal", 5432), new("pg-us-1.internal", 5432), new("pg-archive.internal", 6432)];
    private static readonly int?[] Limits = [160, 160, 96, 40];

    private const int Leaking = 61;

    private readonly Lock _lock = new();
    private readonly Random _random = new(7);
    private readonly TenantStatistics[] _tenants;
    private readonly List<OperatorRestriction> _restrictions = [];
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private long _hot = 4_180_000, _cold = 9_200, _failed = 31, _created = 11_400, _calls = 612, _hits = 182_400;
    private int _steps;

    public FakeManager(int tenants = 10_000)
    {
        Events = new OperatorEvents(clock: new StepClock(this));
        _tenants = [.. Enumerable.Range(0, tenants).Select(i => Make(i))];
    }

    public OperatorEvents Events { get; }

    public List<OperatorCommand> Commands { get; } = [];

    /// <summary>How much later each snapshot is than the one before.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>When set, snapshots can't be had.</summary>
    public bool Broken { get; set; }

    public HyperConnStatistics? Latest { get; private set; }

    public static string OrgOf(int index) => $"org-{index:D5}";

    public ValueTask<HyperConnStatistics> GetAsync(CancellationToken cancellationToken = default)
    {
        if (Broken)
            throw new HyperConnException(new HyperConnFailure(HyperConnErrorCode.TimedOut, "The supervisor does not answer."));
        lock (_lock)
            return ValueTask.FromResult(Latest = Next());
    }

    public Task<OperatorReply> ExecuteAsync(OperatorCommand command, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (command.Fault() is { } fault)
                return Task.FromResult(new OperatorReply(false, fault, 0));
            Commands.Add(command);
            _restrictions.RemoveAll(r => r.Target == command.Target);
            var now = _start + _steps * Step;
            if (command is PauseTenants)
                _restrictions.Add(new OperatorRestriction(command.Target, RestrictionKind.Paused, command.By, command.Reason, now, null));
            if (command is BanTenants ban)
                _restrictions.Add(new OperatorRestriction(command.Target, RestrictionKind.Banned, command.By, command.Reason, now, now + ban.For));
            var verb = command.GetType().Name.Replace("Tenants", "", StringComparison.Ordinal);
            Events.Record(OperatorEventKind.OperatorAction, $"{verb} on {command.Target}: {command.Reason}", (command.Target as OperatorTarget.Tenant)?.Key, command.Target is OperatorTarget.Server server ? [server.Endpoint] : [], verb, command.By);
            return Task.FromResult(new OperatorReply(true, "Done.", 1));
        }
    }

    /// <summary>The clock of the snapshots.</summary>
    private sealed class StepClock(FakeManager manager) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => manager._start + manager._steps * manager.Step;
    }

    private TenantStatistics Make(int i)
    {
        var server = Endpoints[i % 17 == 0 ? 3 : i % 3];
        var age = TimeSpan.FromSeconds(_random.Next(5, 3400));
        var failing = i % 1250 == 77;
        var key = TenantKey.Create(Services[i % Services.Length], OrgOf(i));
        return new TenantStatistics
        {
            Tenant = key,
            State = failing ? PoolState.Resolving : PoolState.Ready,
            Servers = [server],
            Username = $"app_{OrgOf(i).Replace('-', '_')}",
            Database = i % 2 == 0 ? $"tenant_{i:D5}" : "shared",
            CreatedAt = _start - TimeSpan.FromSeconds(_random.Next(60, 40_000)),
            LastUsedAt = _start - TimeSpan.FromSeconds(_random.Next(0, 900)),
            AccessCount = _random.Next(1, 90_000),
            Permits = _random.Next(0, 3) == 0 ? 1 : 0,
            SecretVersion = Guid.NewGuid().ToString(),
            SecretFetchedAt = _start - age,
            Generation = 1 + _random.Next(0, 3),
            Failures = failing ? 1 + i % 9 : 0,
            LastFailure = failing ? new HyperConnFailure(
                i % 2500 == 77 ? HyperConnErrorCode.LoginRefused : HyperConnErrorCode.SecretNotFound,
                i % 2500 == 77 ? "PostgreSQL refused the user name or password. Check that the secret was rotated together with the role." : $"No secret 'acme-{OrgOf(i)}' exists. Create it or correct the organisation's id.",
                key,
                _start + TimeSpan.FromMinutes(4)) : null,
            SecretStaleAt = _start - age + TimeSpan.FromSeconds(_random.Next(2000, 3600)),
            Circuit = failing ? CircuitState.Open : CircuitState.Closed,
        };
    }

    private HyperConnStatistics Next()
    {
        _steps++;
        var now = _start + _steps * Step;
        var wave = 0.5 + 0.35 * Math.Sin(_steps / 23.0) + 0.15 * Math.Sin(_steps / 5.0);
        var servers = new ServerStatistics[Endpoints.Length];
        for (var s = 0; s < servers.Length; s++)
        {
            var limit = Limits[s]!.Value;
            var inUse = (int)Math.Clamp(limit * (0.25 + 0.6 * wave * (s == 3 ? 1.4 : 1 - s * 0.16)) + _random.Next(-4, 5), 0, limit);
            var idle = Math.Clamp((int)(limit * 0.18) + _random.Next(-3, 4), 0, limit - inUse);
            var waiting = inUse >= limit ? _random.Next(6, 34) : 0;
            servers[s] = new ServerStatistics(Endpoints[s], limit, inUse, idle, waiting, TimeSpan.FromMilliseconds(waiting * 61), _random.Next(0, 3), 400 + _steps * (s + 1), s == 3 ? 2 : 0, waiting / 20, _tenants.Length / 4);
        }

        Busy(servers.Sum(s => s.InUse), now);
        Count(wave);
        Happen(now);
        return Snapshot(now, servers);
    }

    private void Busy(int leases, DateTimeOffset now)
    {
        for (var i = 0; i < _tenants.Length; i++)
        {
            if (_tenants[i].Leases > 0)
                _tenants[i] = _tenants[i] with { Leases = 0, Waiting = 0, OldestLease = null };
        }

        while (leases > 0 && _tenants.Length > 0)
        {
            // Squared: a few tenants do most of the work, as everywhere.
            var index = (int)(Math.Pow(_random.NextDouble(), 2.2) * _tenants.Length);
            if (_tenants[index].LastFailure is not null)
                continue;
            var taken = Math.Min(leases, _random.Next(1, 5));
            leases -= taken;
            var tenant = _tenants[index];
            _tenants[index] = tenant with
            {
                Leases = taken,
                Permits = Math.Max(tenant.Permits, taken),
                Waiting = taken == 4 && _random.Next(3) == 0 ? 2 : 0,
                OldestLease = TimeSpan.FromMilliseconds(_random.Next(2, 900)),
                LastUsedAt = now,
                AccessCount = tenant.AccessCount + taken * 40,
            };
        }

        // One is never given back.
        if (_tenants.Length > Leaking)
        {
            _tenants[Leaking] = _tenants[Leaking] with
            {
                Leases = Math.Max(1, _tenants[Leaking].Leases),
                OldestLease = TimeSpan.FromMinutes(12) + _steps * Step,
                NotEvicted = EvictionSkipReason.HeldLong,
            };
        }
    }

    private void Count(double wave)
    {
        _hot += (long)(Step.TotalSeconds * (9_000 * wave + 2_000 + _random.Next(400)));
        _cold += (long)(Step.TotalSeconds * (160 + _random.Next(260) + (_steps % 60 < 6 ? 900 : 0)));
        _failed += _steps % 90 == 0 ? 3 : 0;
        _created += _random.Next(0, 3);
        _calls += _random.Next(0, 2);
        _hits += _random.Next(0, 40);
    }

    private void Happen(DateTimeOffset now)
    {
        _ = now;
        if (_tenants.Length == 0)
            return;
        var tenant = _tenants[_random.Next(_tenants.Length)].Tenant;
        switch (_random.Next(14))
        {
            case 0:
                Events.Record(OperatorEventKind.PoolCreated, "Pool made in 14 ms.", tenant);
                break;
            case 1 or 2:
                Events.Record(OperatorEventKind.PoolEvicted, "Idle for 5 min 12 s.", tenant, detail: "IdleTimeToLive");
                break;
            case 3:
                Events.Record(OperatorEventKind.Rotated, "New password taken over; 3 sessions went on.", tenant);
                break;
            case 4 when _steps % 3 == 0:
                Events.Record(OperatorEventKind.LoginRefused, "28P01 from pg-eu-1.internal:5432; the secret is fetched again.", tenant, detail: "LoginRefused");
                break;
            case 5 when _steps % 4 == 0:
                Events.Record(OperatorEventKind.ServerPressure, "The server answered 53300; the limit goes from 42 to 40.", servers: [Endpoints[3]], detail: "53300");
                break;
            case 6 when _steps % 7 == 0:
                Events.Record(OperatorEventKind.CircuitClosed, "Well again after 8 s.", tenant);
                break;
        }
    }

    private HyperConnStatistics Snapshot(DateTimeOffset now, ServerStatistics[] servers) => new()
    {
        TakenAt = now,
        Pools = _tenants.Length,
        PoolsResolving = _tenants.Count(t => t.State == PoolState.Resolving),
        Leases = _tenants.Sum(t => t.Leases),
        HotAcquisitions = _hot,
        ColdAcquisitions = _cold,
        FailedAcquisitions = _failed,
        PoolsCreated = _created,
        PoolsFailed = 8,
        Evictions = new Dictionary<EvictionReason, long>
        {
            [EvictionReason.IdleTimeToLive] = 902 + _steps,
            [EvictionReason.LeastRecentlyUsed] = 488,
            [EvictionReason.Overflow] = 12,
            [EvictionReason.Requested] = Commands.OfType<DrainTenants>().Count(),
        },
        EvictionsSkipped = 37,
        CapUnmet = 4,
        Rotations = 219,
        Secrets = new SecretFetcherStatistics
        {
            StoreCalls = _calls,
            BatchCalls = _calls - 90,
            CacheHits = _hits,
            SharedCalls = 4_410,
            Failures = 18,
            Refreshes = 902,
            Throttled = 1,
            Cached = _tenants.Length,
            LastAnswerAt = now,
        },
        Servers = servers,
        Tenants = [.. _tenants],
        EvictionsSkippedByReason = new Dictionary<EvictionSkipReason, long> { [EvictionSkipReason.InUse] = 35, [EvictionSkipReason.HeldLong] = 2 },
        Restrictions = [.. _restrictions],
    };
}
