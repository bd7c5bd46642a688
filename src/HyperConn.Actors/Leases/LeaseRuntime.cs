using HyperConn.Primitives;
using HyperConn.TypeCatalogues;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Leases;

/// <summary>What the generations of one manager share: settings, time, loggers, and the list of those that live.</summary>
internal sealed class LeaseRuntime
{
    private volatile bool _shuttingDown;

    public LeaseRuntime(HyperConnOptions options, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        Options = options;
        Time = time ?? TimeProvider.System;
        Clock = new CoarseClock(Time);
        Monotonic = new MonotonicClock(Time);
        Loggers = loggers ?? NullLoggerFactory.Instance;
        NpgsqlLoggers = new NpgsqlLogs(Loggers);
        Logger = Loggers.CreateLogger("HyperConn.Pools");
        Types = options.Connections is { ShareTypes: true, NoTypeLoading: false } ? new CatalogueSharing(Monotonic, Logger) : null;
    }

    public HyperConnOptions Options { get; }

    public TimeProvider Time { get; }

    /// <summary>For "last used": a few milliseconds coarse, and cheap.</summary>
    public CoarseClock Clock { get; }

    /// <summary>For every decision by time.</summary>
    public MonotonicClock Monotonic { get; }

    public ILoggerFactory Loggers { get; }

    /// <summary>What the data sources log with.</summary>
    public NpgsqlLogs NpgsqlLoggers { get; }

    public ILogger Logger { get; }

    /// <summary>The types that data sources share; null: each loads its own.</summary>
    public CatalogueSharing? Types { get; }

    /// <summary>Leases of generations that are closed, and which of all leases were not hot.</summary>
    public LeaseTotals Totals { get; } = new();

    /// <summary>Leases under ambient transactions, as far as they can be continued.</summary>
    public EnlistedLeases Enlisted { get; } = new();

    /// <summary>Set when draining begins: nothing new is begun.</summary>
    public bool ShuttingDown
    {
        get => _shuttingDown;
        set => _shuttingDown = value;
    }
}
