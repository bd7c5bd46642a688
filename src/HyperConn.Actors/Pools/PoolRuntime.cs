using System.Collections.Concurrent;
using System.Transactions;
using Akka.Actor;
using HyperConn.Diagnostics;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Servers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Pools;

/// <summary>What handles, generations and actors of one manager share: settings, time, the published handles and servers, counters.</summary>
internal sealed class PoolRuntime
{
    private volatile bool _shuttingDown;

    public PoolRuntime(HyperConnOptions options, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        Options = options;
        Time = time ?? TimeProvider.System;
        Clock = new CoarseClock(Time);
        Monotonic = new MonotonicClock(Time);
        Restrictions = new OperatorRestrictions(Time);
        Loggers = loggers ?? NullLoggerFactory.Instance;
        NpgsqlLoggers = new NpgsqlLogs(Loggers);
        Logger = Loggers.CreateLogger("HyperConn.Pools");
        Opener = new ConnectionOpener(this);
        Stacks = options.Diagnostics.CaptureLeaseStacks ? new LeaseStacks(Time) : null;
        AllowedServices = options.Services.Select(s => s.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
    }

    public HyperConnOptions Options { get; }

    public TimeProvider Time { get; }

    public CoarseClock Clock { get; }

    public MonotonicClock Monotonic { get; }

    public ILoggerFactory Loggers { get; }

    /// <summary>What the data sources log with.</summary>
    public NpgsqlLogs NpgsqlLoggers { get; }

    public ILogger Logger { get; }

    public ConnectionOpener Opener { get; }

    /// <summary>Pauses and bans in force.</summary>
    public OperatorRestrictions Restrictions { get; }

    /// <summary>What operators see happen; null: nobody looks.</summary>
    public OperatorEvents? Events { get; init; }

    /// <summary>Where durations of the cold path are recorded; null: nowhere.</summary>
    public HyperConnMeter? Meter { get; init; }

    /// <summary>How the secret store answered lately.</summary>
    public StoreHealth Store { get; } = new();

    public PoolCounters Counters { get; } = new();

    /// <summary>Who took which lease; null unless development asks for it.</summary>
    public LeaseStacks? Stacks { get; }

    /// <summary>Services that may be asked for; empty: any.</summary>
    public IReadOnlySet<string> AllowedServices { get; }

    /// <summary>The supervisor; nobody until the actor system has started.</summary>
    public IActorRef Supervisor { get; set; } = ActorRefs.Nobody;

    /// <summary>The handles of tenants. The hot path reads it; the supervisor writes it.</summary>
    public HandleTable Handles { get; } = new();

    /// <summary>Every server in use. It outlives the supervisor, so that a restart of it forgets no permit.</summary>
    public ConcurrentDictionary<ServerEndpoint, ServerState> Servers { get; } = new();

    /// <summary>Every generation that is not closed, those that drain included.</summary>
    public ConcurrentDictionary<PoolGeneration, byte> Generations { get; } = new();

    /// <summary>Leases under ambient transactions, as far as they can be continued.</summary>
    public ConcurrentDictionary<(TenantKey Tenant, Transaction Transaction), EnlistedLease> Enlisted { get; } = new();

    /// <summary>Leases open now, over all generations.</summary>
    public int LeasesOpen => Generations.Keys.Sum(generation => generation.Word.Leases);

    /// <summary>Set when draining begins: nothing new is begun.</summary>
    public bool ShuttingDown
    {
        get => _shuttingDown;
        set => _shuttingDown = value;
    }

    /// <summary>The failure of a caller whose time passed because of a pause; null: there is none.</summary>
    public HyperConnFailure? WhyPaused(TenantKey tenant) =>
        Restrictions.OfTenant(tenant) is { } restriction ? OperatorRestrictions.Failure(restriction, tenant)
        : Handles.TryGetValue(tenant, out var handle) && handle.LastFailure is { Code: HyperConnErrorCode.Paused } paused ? paused
        : null;

    /// <summary>Asks the supervisor for a live pool and waits for it.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="forLease">Whether a lease will be taken at once: until <see cref="PoolGeneration.Unexpect"/> the pool is not evicted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HyperConnException">There is none to be had.</exception>
    public async Task<PoolGeneration> EnsurePoolAsync(TenantKey tenant, bool forLease, CancellationToken cancellationToken)
    {
        tenant.ThrowIfDefault();
        if (ShuttingDown)
            throw new HyperConnException(PoolFailures.ShuttingDown(tenant));
        if (Supervisor.IsNobody())
            throw new HyperConnException(PoolFailures.NotStarted(tenant));
        var promise = new PoolPromise(forLease);
        Supervisor.Tell(new EnsurePool(tenant, promise));

        // Cancellation and the answer race for the promise; whichever wins decides who ends the reservation.
        await using var registration = cancellationToken
            .Register(static (state, token) => ((PoolPromise)state!).TrySetCanceled(token), promise).ConfigureAwait(false);
        var answer = await promise.Task.ConfigureAwait(false);
        return answer.Pool ?? throw new HyperConnException(answer.Failure!);
    }
}
