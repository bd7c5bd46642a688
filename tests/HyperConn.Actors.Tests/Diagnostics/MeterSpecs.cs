using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using HyperConn.Diagnostics;
using HyperConn.Secrets;

namespace HyperConn.Tests.Diagnostics;

/// <summary>What is measured, and under which names.</summary>
public sealed partial class MeterSpecs
{
    // UCUM: seconds and bytes as such, counted things in braces. https://opentelemetry.io/docs/specs/semconv/general/metrics/
    [GeneratedRegex(@"^hyperconn(\.[a-z][a-z_]*)+$")]
    private static partial Regex Name { get; }

    [GeneratedRegex(@"^(s|By|1|\{[a-z]+\})$")]
    private static partial Regex Unit { get; }

    [Fact]
    public void Instruments_have_names_units_and_descriptions_as_the_semantic_conventions_ask()
    {
        using var meter = new HyperConnMeter(new FixedStatistics(Samples.Statistics()), new DiagnosticsOptions { TenantLabels = true });

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
        using var meter = new HyperConnMeter(new FixedStatistics(Samples.Statistics()), new DiagnosticsOptions());

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
        using var without = new HyperConnMeter(new FixedStatistics(Samples.Statistics(tenants: 50)), new DiagnosticsOptions());
        using var with = new HyperConnMeter(new FixedStatistics(Samples.Statistics(tenants: 50)), new DiagnosticsOptions { TenantLabels = true, MaxTenantLabels = 10 });

        Assert.DoesNotContain(Collect(without).Keys, key => key.Contains("org", StringComparison.Ordinal));
        var labels = Collect(with).Where(v => v.Key.StartsWith("hyperconn.tenant.lease.count", StringComparison.Ordinal)).ToList();
        Assert.Equal(11, labels.Count);
        Assert.Equal(50, labels.Sum(l => l.Value));
        Assert.Equal(40, Assert.Single(labels, l => l.Key.Contains("=other", StringComparison.Ordinal)).Value);
    }

    [Fact]
    public void Without_a_snapshot_nothing_is_reported_rather_than_zero()
    {
        using var meter = new HyperConnMeter(new FixedStatistics(null), new DiagnosticsOptions());
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
        Assert.Null(health.AddTo(Samples.Fetcher()).LastStoreFailure);
        inner.Answer = new SecretResult.Failed(HyperConnErrorCode.StoreThrottled, "slow down");
        await store.GetAsync("a", default);

        Assert.Equal(2, sums["hyperconn.secret.calls{hyperconn.outcome=ok}"]);
        Assert.Equal(1, sums["hyperconn.secret.calls{hyperconn.outcome=store_throttled}"]);
        Assert.Equal(5, sums["hyperconn.secret.batch.size"]);
        Assert.Equal(HyperConnErrorCode.StoreThrottled, health.AddTo(Samples.Fetcher()).LastStoreFailure);
    }

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
