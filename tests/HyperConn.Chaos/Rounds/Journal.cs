using System.Collections.Concurrent;
using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Oracles;

namespace HyperConn.Chaos.Rounds;

/// <summary>Hears everything, and lets the oracles judge it.</summary>
internal sealed class Journal : IJournal
{
    // Longer than any piece of work and any aftermath.
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(3);

    private readonly ConcurrentDictionary<(string Flavour, Site Site), (TimeSpan Began, TimeSpan At)> _lastSuccess = new();
    private readonly Lock _gate = new();
    private readonly List<FaultWindow> _windows = [];
    private long _done;
    private long _failed;

    public SessionOracle Sessions { get; } = new();

    public WriteOracle Writes { get; } = new();

    public BudgetOracle Budget { get; } = new();

    public ErrorOracle Errors { get; } = new();

    public RecoveryOracle Recovery { get; } = new();

    public RestOracle Rest { get; } = new();

    public BaselineOracle Baseline { get; } = new();

    public LogOracle Log { get; } = new();

    /// <summary>All of them.</summary>
    public IReadOnlyList<Oracle> Oracles => [Sessions, Writes, Budget, Errors, Recovery, Rest, Baseline, Log];

    public Timeline Timeline { get; } = new();

    /// <summary>Pieces of work that ended well.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Those that failed.</summary>
    public long Failures => Interlocked.Read(ref _failed);

    /// <summary>Every fault there was.</summary>
    public IReadOnlyList<FaultWindow> Windows
    {
        get
        {
            lock (_gate)
                return [.. _windows];
        }
    }

    public void Begin(FaultWindow window)
    {
        lock (_gate)
            _windows.Add(window);
    }

    /// <summary>Kinds of work of which none that began since has succeeded.</summary>
    public IReadOnlyList<string> NotSince(TimeSpan since, IEnumerable<(string Flavour, Site Site)> kinds) =>
        [.. kinds.Where(kind => !(_lastSuccess.TryGetValue(kind, out var last) && last.Began >= since)).Select(kind => $"{kind.Flavour} at {kind.Site}")];

    public long BeginWrite(string tenant) => Writes.Begin(tenant);

    public void Acknowledged(long write) => Writes.Acknowledge(write);

    public void Session(SessionFact fact) => Sessions.Judge(fact);

    public void Sample(BudgetSample sample)
    {
        Budget.Judge(sample);
        Timeline.Sessions(sample.Endpoint, sample.Sessions);
    }

    public void Succeeded(Site site, TenantKey tenant, string flavour, TimeSpan began)
    {
        Interlocked.Increment(ref _done);
        Timeline.Succeeded();
        Errors.Succeeded();
        _lastSuccess.AddOrUpdate((flavour, site), (began, RunClock.Now), (_, last) => last.Began > began ? last : (began, RunClock.Now));
    }

    public void Failed(ErrorFact error)
    {
        Interlocked.Increment(ref _failed);
        Timeline.Failed();
        Errors.Judge(error, Recent());
    }

    private List<FaultWindow> Recent()
    {
        lock (_gate)
            return [.. _windows.Where(window => window.Ended is not { } ended || RunClock.Now - ended < Remembered)];
    }
}
