using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using HyperConn.Diagnostics;
using HyperConn.Opening;
using HyperConn.Pools;
using HyperConn.Secrets;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Diagnostics;

public sealed partial class DiagnosticsSpecs
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    // UCUM: seconds and bytes as such, counted things in braces. https://opentelemetry.io/docs/specs/semconv/general/metrics/
    [GeneratedRegex(@"^hyperconn(\.[a-z][a-z_]*)+$")]
    private static partial Regex Name { get; }

    [GeneratedRegex(@"^(s|By|1|\{[a-z]+\})$")]
    private static partial Regex Unit { get; }

    [Fact]
    public void Instruments_have_names_units_and_descriptions_as_the_semantic_conventions_ask()
    {
        using var meter = new HyperConnMeter(new Source(Statistics()), new DiagnosticsOptions { TenantLabels = true });

        var instruments = Instruments(meter);

        Assert.True(instruments.Count > 30);
        Assert.All(instruments, i =>
        {
            Assert.Matches(Name, i.Name);
            Assert.Matches(Unit, i.Unit!);
            Assert.EndsWith(".", i.Description!, StringComparison.Ordinal);
            Assert.DoesNotContain("total", i.Name, StringComparison.Ordinal);
        });
        Assert.Equal(instruments.Count, instruments.Select(i => i.Name).Distinct().Count());

        // A name must not be the namespace of another.
        Assert.DoesNotContain(instruments, a => instruments.Any(b => b.Name.StartsWith(a.Name + ".", StringComparison.Ordinal)));
    }

    [Fact]
    public void Totals_and_states_are_read_from_the_snapshot()
    {
        using var meter = new HyperConnMeter(new Source(Statistics()), new DiagnosticsOptions());

        var values = Collect(meter);

        Assert.Equal(2, values["hyperconn.pool.count{hyperconn.state=ready}"]);
        Assert.Equal(1, values["hyperconn.pool.count{hyperconn.state=resolving}"]);
        Assert.Equal(5, values["hyperconn.pool.evictions{hyperconn.reason=least_recently_used}"]);
        Assert.Equal(0, values["hyperconn.pool.evictions{hyperconn.reason=shutdown}"]);
        Assert.Equal(3, values["hyperconn.pool.skipped_evictions{hyperconn.reason=held_long}"]);
        Assert.Equal(100, values["hyperconn.acquire.operations{hyperconn.path=hot}"]);
        Assert.Equal(90, values["hyperconn.secret.refresh.overdue"]);
        Assert.Equal(80, values["hyperconn.server.permit.limit{server.address=pg1,server.port=5432}"]);
        Assert.Equal(7, values["hyperconn.server.permit.count{server.address=pg1,server.port=5432,hyperconn.state=in_use}"]);
        Assert.Equal(1.5, values["hyperconn.server.wait.oldest{server.address=pg1,server.port=5432}"]);
        Assert.DoesNotContain(values.Keys, key => key.StartsWith("hyperconn.server.permit.limit{server.address=::1", StringComparison.Ordinal));
        Assert.Equal(2, values["hyperconn.server.permit.count{server.address=::1,server.port=6432,hyperconn.state=in_use}"]);
        Assert.Equal(1, values["hyperconn.circuit.count{hyperconn.scope=server,hyperconn.state=open}"]);
        Assert.Equal(1, values["hyperconn.circuit.count{hyperconn.scope=secret_store,hyperconn.state=open}"]);
    }

    [Fact]
    public void Tenants_are_no_labels_unless_asked_for_and_then_bounded()
    {
        using var without = new HyperConnMeter(new Source(Statistics(tenants: 50)), new DiagnosticsOptions());
        using var with = new HyperConnMeter(new Source(Statistics(tenants: 50)), new DiagnosticsOptions { TenantLabels = true, MaxTenantLabels = 10 });

        Assert.DoesNotContain(Collect(without).Keys, key => key.Contains("org", StringComparison.Ordinal));
        var labels = Collect(with).Where(v => v.Key.StartsWith("hyperconn.tenant.lease.count", StringComparison.Ordinal)).ToList();
        Assert.Equal(11, labels.Count);
        Assert.Equal(50, labels.Sum(l => l.Value));
        Assert.Equal(40, Assert.Single(labels, l => l.Key.Contains("=other", StringComparison.Ordinal)).Value);
    }

    [Fact]
    public void Without_a_snapshot_nothing_is_reported_rather_than_zero()
    {
        using var meter = new HyperConnMeter(new Source(null), new DiagnosticsOptions());
        Assert.Empty(Collect(meter));
    }

    [Fact]
    public void Acquisitions_are_timed_only_while_somebody_listens()
    {
        using var meter = new HyperConnMeter(null, new DiagnosticsOptions());
        Assert.False(meter.TimesAcquisitions);

        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, meter.Meter))
                l.EnableMeasurementEvents(instrument);
        };
        listener.Start();
        Assert.True(meter.TimesAcquisitions);
    }

    [Fact]
    public async Task Calls_of_the_store_are_counted_by_outcome_and_size_and_its_health_is_remembered()
    {
        using var meter = new HyperConnMeter(null, new DiagnosticsOptions());
        var sums = new Dictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, meter.Meter))
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((i, v, tags, _) => Add(i, v, tags));
        listener.SetMeasurementEventCallback<int>((i, v, tags, _) => Add(i, v, tags));
        listener.Start();
        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            sums[Key(instrument, tags)] = sums.GetValueOrDefault(Key(instrument, tags)) + value;
        var health = new StoreHealth();
        var inner = new StubStore();
        var store = new MeteredSecretStore(inner, meter, health);

        await store.GetManyAsync(["a", "b", "c"], default);
        inner.Answer = new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, "gone");
        await store.GetManyAsync(["a"], default);
        Assert.Null(health.AddTo(Fetcher()).LastStoreFailure);
        inner.Answer = new SecretResult.Failed(HyperConnErrorCode.StoreThrottled, "slow down");
        await store.GetAsync("a", default);

        Assert.Equal(2, sums["hyperconn.secret.calls{hyperconn.outcome=ok}"]);
        Assert.Equal(1, sums["hyperconn.secret.calls{hyperconn.outcome=store_throttled}"]);
        Assert.Equal(5, sums["hyperconn.secret.batch.size"]);
        Assert.Equal(HyperConnErrorCode.StoreThrottled, health.AddTo(Fetcher()).LastStoreFailure);
    }

    [Fact]
    public void Spans_nest_and_carry_the_tenant_only_when_asked()
    {
        var ended = new List<Activity>();
        using var root = new Activity("test").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == HyperConnTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == root.TraceId ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                lock (ended)
                    ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var tenant = TenantKey.Create("core", "org1");

        using (var acquire = AcquireSpans.StartAcquire(tenant, tenantLabels: false))
        {
            using (AcquireSpans.StartResolve(tenant, tenantLabels: true))
            {
            }

            using (var connect = AcquireSpans.StartConnect([new ServerEndpoint("pg1", 5432)]))
                connect.Fail(HyperConnErrorCode.LoginRefused);
        }

        var (resolve, connectSpan, acquireSpan) = (ended[0], ended[1], ended[2]);
        Assert.Equal(acquireSpan.SpanId, resolve.ParentSpanId);
        Assert.Equal(acquireSpan.SpanId, connectSpan.ParentSpanId);
        Assert.Null(acquireSpan.GetTagItem("hyperconn.tenant.org"));
        Assert.Equal("org1", resolve.GetTagItem("hyperconn.tenant.org"));
        Assert.Equal("pg1", connectSpan.GetTagItem("server.address"));
        Assert.Equal(ActivityStatusCode.Error, connectSpan.Status);
    }

    [Fact]
    public async Task The_snapshot_is_taken_once_a_second_while_somebody_reads_and_not_at_all_otherwise()
    {
        var clock = new FakeTimeProvider(Now);
        var taken = 0;
        using var cache = new StatisticsCache(_ => Task.FromResult(Statistics() with { Pools = Interlocked.Increment(ref taken) }), clock);
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(0, Volatile.Read(ref taken));

        // Reading what there is starts the clock, too; whether the first is there by then is up to another thread.
        _ = cache.Latest;
        await cache.GetAsync();
        var before = Volatile.Read(ref taken);
        for (var i = 0; i < 60; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            await cache.GetAsync();
        }

        Assert.InRange(Volatile.Read(ref taken) - before, 55, 125);
        clock.Advance(TimeSpan.FromMinutes(3));
        var idle = Volatile.Read(ref taken);
        for (var i = 0; i < 60; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            await Task.Delay(5);
        }

        // The last one that was asked for may be taken late, on another thread. Sixty would be taken if somebody still read.
        Assert.InRange(Volatile.Read(ref taken) - idle, 0, 1);
    }

    [Fact]
    public async Task A_snapshot_that_fails_is_an_error_for_who_waits_and_the_next_is_tried_again()
    {
        var clock = new FakeTimeProvider(Now);
        var broken = true;
        using var cache = new StatisticsCache(
            _ => Volatile.Read(ref broken) ? Task.FromException<HyperConnStatistics>(new TimeoutException()) : Task.FromResult(Statistics()), clock);

        await Assert.ThrowsAsync<TimeoutException>(async () => await cache.GetAsync());
        Volatile.Write(ref broken, false);
        Assert.Equal(2, (await cache.GetAsync()).Pools);
    }

    [Fact]
    public void Events_keep_the_latest_in_order_and_are_read_from_where_one_left_off()
    {
        var events = new OperatorEvents(capacity: 4, new FakeTimeProvider(Now));
        for (var i = 1; i <= 6; i++)
            events.Record(OperatorEventKind.PoolCreated, $"event {i}");

        Assert.Equal([3, 4, 5, 6], events.After(0).Select(e => e.Id));
        Assert.Equal([6], events.After(5).Select(e => e.Id));
        Assert.Equal(["event 5", "event 6"], events.After(0, maxCount: 2).Select(e => e.Message));
        Assert.Empty(events.After(6));
        Assert.Equal(6, events.LastId);
    }

    [Fact]
    public void Pools_made_and_evicted_push_out_nothing_but_their_like()
    {
        var events = new OperatorEvents(capacity: 4, new FakeTimeProvider(Now));
        events.Record(OperatorEventKind.LoginRefused, "rare");
        for (var i = 0; i < 100; i++)
            events.Record(i % 2 == 0 ? OperatorEventKind.PoolCreated : OperatorEventKind.PoolEvicted, "often");

        Assert.Equal([1, 98, 99, 100, 101], events.After(0).Select(e => e.Id));
        Assert.Equal([1, 101], events.After(0, maxCount: 2).Select(e => e.Id));
    }

    [Fact]
    public async Task Alive_means_that_the_supervisor_answers_in_time()
    {
        var well = await Check(new LivenessCheck(_ => Task.CompletedTask, TimeSpan.FromSeconds(1)));
        var stuck = await Check(new LivenessCheck(_ => new TaskCompletionSource().Task, TimeSpan.FromMilliseconds(20)));

        Assert.Equal(HealthStatus.Healthy, well.Status);
        Assert.Equal(HealthStatus.Unhealthy, stuck.Status);
    }

    public static TheoryData<string, HealthStatus> Situations => new()
    {
        { "well", HealthStatus.Healthy },
        { "store down, secrets cached", HealthStatus.Degraded },
        { "store down, nothing cached", HealthStatus.Unhealthy },
        { "store recovered", HealthStatus.Healthy },
        { "one of two servers away", HealthStatus.Degraded },
        { "both servers away", HealthStatus.Unhealthy },
        { "budget spent, long wait", HealthStatus.Degraded },
        { "budget spent, short wait", HealthStatus.Healthy },
        { "one away, other spent", HealthStatus.Unhealthy },
    };

    [Theory]
    [MemberData(nameof(Situations))]
    public async Task Ready_means_that_tenants_can_be_served(string situation, HealthStatus expected)
    {
        ServerStatistics Server(string name, bool spent = false, double wait = 0) =>
            new(ServerEndpoint.Parse(name), 10, spent ? 10 : 3, 0, spent ? 4 : 0, TimeSpan.FromSeconds(wait), 0, 0, 0, 0, 1);
        CircuitStatistics Away(string name) => Open(new CircuitScope.Server(ServerEndpoint.Parse(name)), HyperConnErrorCode.ServerUnreachable);
        var well = Statistics() with { Servers = [Server("a:1"), Server("b:1")], Circuits = [] };
        var down = Fetcher() with { LastAnswerAt = Now, LastStoreFailureAt = Now.AddSeconds(1), LastStoreFailure = HyperConnErrorCode.StoreUnavailable };
        var statistics = situation switch
        {
            "store down, secrets cached" => well with { Secrets = down },
            "store down, nothing cached" => well with { Secrets = down with { Cached = 0 } },
            "store recovered" => well with { Secrets = down with { LastAnswerAt = Now.AddSeconds(2) } },
            "one of two servers away" => well with { Circuits = [Away("A:1")] },
            "both servers away" => well with { Circuits = [Away("a:1"), Away("b:1")] },
            "budget spent, long wait" => well with { Servers = [Server("a:1", spent: true, wait: 9), Server("b:1")] },
            "budget spent, short wait" => well with { Servers = [Server("a:1", spent: true, wait: 1), Server("b:1")] },
            "one away, other spent" => well with { Servers = [Server("a:1"), Server("b:1", spent: true, wait: 9)], Circuits = [Away("a:1")] },
            _ => well,
        };

        Assert.Equal(expected, (await Check(new ReadinessCheck(new Source(statistics), new HyperConnHealthOptions()))).Status);
    }

    [Fact]
    public void Bans_beat_pauses_end_by_themselves_and_are_lifted_on_their_own_target_only()
    {
        var clock = new FakeTimeProvider(Now);
        var restrictions = new OperatorRestrictions(clock);
        var tenant = TenantKey.Create("core", "org1");
        OperatorRestriction Make(OperatorTarget target, RestrictionKind kind, DateTimeOffset? until = null) => new(target, kind, "mia", "why", Now, until);
        restrictions.Set(Make(OperatorTarget.Everything, RestrictionKind.Paused));
        restrictions.Set(Make(new OperatorTarget.Tenant(tenant), RestrictionKind.Banned, Now.AddMinutes(1)));
        restrictions.Set(Make(new OperatorTarget.Server(ServerEndpoint.Parse("PG1:5432")), RestrictionKind.Paused));

        Assert.Equal(RestrictionKind.Banned, restrictions.OfTenant(tenant)!.Kind);
        Assert.Equal(RestrictionKind.Paused, restrictions.OfServer(new ServerEndpoint("pg1", 5432))!.Kind);
        Assert.False(restrictions.Lift(new OperatorTarget.Tenant(TenantKey.Create("core", "org2"))));

        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(RestrictionKind.Paused, restrictions.OfTenant(tenant)!.Kind);
        Assert.True(restrictions.Lift(OperatorTarget.Everything));
        Assert.Null(restrictions.OfTenant(tenant));
        Assert.Single(restrictions.All);
    }

    [Theory]
    [InlineData("", "why", 60)]
    [InlineData("mia", " ", 60)]
    [InlineData("mia", "why\nthen", 60)]
    [InlineData("mia", "why", 0)]
    [InlineData("mia", "why", 999_999_999)]
    public void A_command_without_who_why_or_a_sane_time_is_at_fault(string by, string reason, int seconds) =>
        Assert.NotNull(new BanTenants(OperatorTarget.Everything, by, reason, TimeSpan.FromSeconds(seconds)).Fault());

    private static async Task<HealthCheckResult> Check(IHealthCheck check) => await check.CheckHealthAsync(
        new HealthCheckContext { Registration = new HealthCheckRegistration("x", check, HealthStatus.Unhealthy, []) });

    private static SecretFetcherStatistics Fetcher() => new()
    {
        StoreCalls = 10,
        BatchCalls = 4,
        CacheHits = 30,
        SharedCalls = 2,
        Failures = 1,
        Refreshes = 3,
        Cached = 8,
        RefreshOverdue = TimeSpan.FromSeconds(90),
    };

    private static HyperConnStatistics Statistics(int tenants = 2) => new()
    {
        TakenAt = Now,
        Pools = 2,
        PoolsResolving = 1,
        Leases = 9,
        HotAcquisitions = 100,
        ColdAcquisitions = 10,
        FailedAcquisitions = 1,
        PoolsCreated = 12,
        PoolsFailed = 1,
        Evictions = new Dictionary<EvictionReason, long> { [EvictionReason.LeastRecentlyUsed] = 5 },
        EvictionsSkipped = 3,
        CapUnmet = 2,
        Rotations = 4,
        Secrets = Fetcher(),
        Servers =
        [
            new ServerStatistics(new ServerEndpoint("pg1", 5432), 80, 7, 3, 2, TimeSpan.FromSeconds(1.5), 1, 11, 0, 0, 2),
            new ServerStatistics(new ServerEndpoint("::1", 6432), null, 2, 0, 0, TimeSpan.Zero, 0, 0, 0, 0, 1),
        ],
        Tenants = [.. Enumerable.Range(0, tenants).Select(i => new TenantStatistics
        {
            Tenant = TenantKey.Create("core", $"org{i}"),
            State = PoolState.Ready,
            Servers = [new ServerEndpoint("pg1", 5432)],
            Username = "u",
            Database = "d",
            CreatedAt = Now,
            LastUsedAt = Now,
            AccessCount = 1,
            Leases = 1,
            Permits = 1,
            SecretVersion = "v",
            SecretFetchedAt = Now.AddMinutes(-10),
            Generation = 1,
        })],
        EvictionsSkippedByReason = new Dictionary<EvictionSkipReason, long> { [EvictionSkipReason.HeldLong] = 3 },
        Circuits =
        [
            Open(new CircuitScope.Server(new ServerEndpoint("pg1", 5432)), HyperConnErrorCode.ServerUnreachable),
            Open(CircuitScope.Store, HyperConnErrorCode.StoreUnavailable),
        ],
    };

    private static CircuitStatistics Open(CircuitScope scope, HyperConnErrorCode code) => new()
    {
        Scope = scope,
        State = CircuitState.Open,
        Failure = new HyperConnFailure(code, "away"),
        Failures = 1,
    };

    private static List<Instrument> Instruments(HyperConnMeter meter)
    {
        var found = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter, meter.Meter))
                found.Add(instrument);
        };
        listener.Start();
        return found;
    }

    private static Dictionary<string, double> Collect(HyperConnMeter meter)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, meter.Meter) && instrument.IsObservable)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => values.Add(Key(instrument, tags), value));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => values.Add(Key(instrument, tags), value));
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }

    private static string Key(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
            return instrument.Name;
        var texts = new List<string>();
        foreach (var (key, value) in tags)
            texts.Add($"{key}={value}");
        return $"{instrument.Name}{{{string.Join(',', texts)}}}";
    }

    private sealed class Source(HyperConnStatistics? statistics) : IStatisticsSource
    {
        public HyperConnStatistics? Latest => statistics;

        public ValueTask<HyperConnStatistics> GetAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(statistics!);
    }

    private sealed class StubStore : ISecretStore
    {
        public event Action<string?>? Changed
        {
            add { }
            remove { }
        }

        public SecretResult Answer { get; set; } = new SecretResult.Found("{}", "v1");

        public int MaxBatchSize => 20;

        public Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Answer);

        public Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyDictionary<string, SecretResult>>(names.ToDictionary(n => n, _ => Answer));

        public IAsyncEnumerable<string> ListNamesAsync(string prefix, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
