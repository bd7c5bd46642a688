using System.Collections.Concurrent;
using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Servers;
using Microsoft.Extensions.Logging;

namespace HyperConn.Pools;

/// <summary>What the actors and entrances of one manager share: settings, the published handles and servers, counters.</summary>
internal sealed class PoolRuntime : IPoolSource
{
    public PoolRuntime(HyperConnOptions options, TimeProvider? time = null, ILoggerFactory? loggers = null, IAcquisitionMeter? meter = null)
    {
        Leases = new LeaseRuntime(options, time, loggers);
        Opening = new OpenRuntime(Leases, Generations, this, meter);
        Restrictions = new OperatorRestrictions(Time);
        AllowedServices = options.Services.Select(s => s.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
    }

    public LeaseRuntime Leases { get; }

    public OpenRuntime Opening { get; }

    public HyperConnOptions Options => Leases.Options;

    public TimeProvider Time => Leases.Time;

    /// <summary>For every decision by time.</summary>
    public MonotonicClock Monotonic => Leases.Monotonic;

    public CoarseClock Clock => Leases.Clock;

    public ILoggerFactory Loggers => Leases.Loggers;

    public ILogger Logger => Leases.Logger;

    /// <summary>Every generation that is not closed, those that drain included.</summary>
    public GenerationRegistry Generations { get; } = new();

    /// <summary>Pauses and bans in force.</summary>
    public OperatorRestrictions Restrictions { get; }

    /// <summary>How the secret store answered lately.</summary>
    public StoreHealth Store { get; } = new();

    public PoolCounters Counters { get; } = new();

    /// <summary>Services that may be asked for; empty: any.</summary>
    public IReadOnlySet<string> AllowedServices { get; }

    /// <summary>The supervisor; nobody until the actor system has started.</summary>
    public IActorRef Supervisor { get; set; } = ActorRefs.Nobody;

    /// <summary>The handles of tenants. The hot path reads it; the supervisor writes it.</summary>
    public HandleTable Handles { get; } = new();

    /// <summary>Every server in use. It outlives the supervisor, so that a restart of it forgets no permit.</summary>
    public ConcurrentDictionary<ServerEndpoint, ServerState> Servers { get; } = new();

    /// <summary>Who agrees with other processes on the servers' budgets; null: nobody does. Set before the first pool is made.</summary>
    public IShareKeeper? ShareKeeper { get; set; }

    /// <summary>Told the organisation and the version when another version of a secret was read than before; null: nobody wants to know.</summary>
    public Action<string, string>? SecretVersionRead { get; set; }

    /// <summary>Set when draining begins: nothing new is begun.</summary>
    public bool ShuttingDown
    {
        get => Leases.ShuttingDown;
        set => Leases.ShuttingDown = value;
    }

    public HyperConnFailure? WhyPaused(TenantKey tenant) =>
        Restrictions.OfTenant(tenant) is { } restriction ? OperatorRestrictions.Failure(restriction, tenant)
        : Handles.Find(tenant)?.LastFailure is { Code: HyperConnErrorCode.Paused } paused ? paused
        : null;

    public ILeaseSource? FindSource(TenantKey tenant) => Handles.Find(tenant) is { HadPool: true } handle ? handle : null;

    public PoolPromise RequestPool(TenantKey tenant, bool forLease)
    {
        if (tenant.IsDefault)
            throw new HyperConnException(CommonFailures.NoTenant());
        if (ShuttingDown)
            throw new HyperConnException(CommonFailures.ShuttingDown(tenant));
        if (Supervisor.IsNobody())
            throw new HyperConnException(CommonFailures.NotStarted(tenant));
        var promise = new PoolPromise(forLease);
        Supervisor.Tell(new EnsurePool(tenant, promise));
        return promise;
    }
}
