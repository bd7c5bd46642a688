using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Secrets;
using HyperConn.Servers;

namespace HyperConn.Pools;

/// <summary>Conversation inside the pools: supervisor, pool actors, and the handles that tell them things.</summary>
internal interface IPoolMessage;

/// <summary>A caller needs a live pool. The promise is kept with the pool or with the reason why there is none.</summary>
internal sealed record EnsurePool(TenantKey Tenant, PoolPromise Promise) : IPoolMessage, INoSerializationVerificationNeeded;

/// <summary>From a pool actor: a new generation takes leases, the first or one on new credentials.</summary>
internal sealed record PoolOpened(TenantKey Tenant) : IPoolMessage;

/// <summary>From a pool actor: it could not be made, and stops.</summary>
internal sealed record PoolFailed(TenantKey Tenant, HyperConnFailure Reason) : IPoolMessage;

/// <summary>From a generation: the last lease ended, and the supervisor had asked to hear of it.</summary>
internal sealed record PoolWentIdle(TenantKey Tenant) : IPoolMessage;

/// <summary>From the watch on leases: one of the tenant's is held for too long.</summary>
internal sealed record LeaseFoundOld(TenantKey Tenant) : IPoolMessage;

/// <summary>The supervisor's watch on a pool actor.</summary>
internal sealed record PoolTerminated(TenantKey Tenant, int Sequence) : IPoolMessage;

/// <summary>Asks the supervisor for the budgets of a pool's servers. Answered with <see cref="ServersLocated"/>.</summary>
internal sealed record LocateServers(IReadOnlyList<ServerEndpoint> Endpoints) : IPoolMessage;

/// <summary>Answer to <see cref="LocateServers"/>, in the fixed order of endpoints.</summary>
internal sealed record ServersLocated(ServerState[] Servers) : IPoolMessage, INoSerializationVerificationNeeded;

/// <summary>Answer to <see cref="LocateServers"/> when an operator banned one of them.</summary>
internal sealed record ServersBanned(OperatorRestriction Ban) : IPoolMessage;

/// <summary>To a pool actor: its generation's eviction has begun, close it and stop.</summary>
internal sealed record ClosePool(EvictionReason Reason) : IPoolMessage;

/// <summary>To a pool actor: take no more leases, close when the open ones have ended, and stop.</summary>
internal sealed record DrainPool : IPoolMessage
{
    public static readonly DrainPool Instance = new();
}

/// <summary>To a pool actor: end the sessions of leases that are still open.</summary>
internal sealed record TerminateLeases : IPoolMessage
{
    public static readonly TerminateLeases Instance = new();
}

/// <summary>From a budget, by way of the share: give back what no lease covers.</summary>
internal sealed record ReclaimIdle(PoolGeneration Generation, ServerShare Share, int Keep) : IPoolMessage, INoSerializationVerificationNeeded;

/// <summary>From a generation: it is closed.</summary>
internal sealed record GenerationClosed(PoolGeneration Generation) : IPoolMessage, INoSerializationVerificationNeeded;

/// <summary>
/// From a caller: PostgreSQL refused credentials of this version. Kept with whether there are other credentials now. Expired ones were not
/// refused but are past their hard limit: kept with whether they are other ones, or the same read again.
/// </summary>
internal sealed record CredentialsRefused(PoolGeneration Generation, string SecretVersion, TaskCompletionSource<bool> Promise, bool Expired = false)
    : IPoolMessage, INoSerializationVerificationNeeded;

/// <summary>To a pool actor: its secret has another version; fetch it.</summary>
internal sealed record AdoptCredentials : IPoolMessage
{
    public static readonly AdoptCredentials Instance = new();
}

/// <summary>To a pool actor: the fetcher crashed, this one has its place; what was asked of the other is lost.</summary>
internal sealed record FetcherReplaced(IActorRef Fetcher) : IPoolMessage;

/// <summary>From a generation: credentials past their time-to-live were used; refresh in the background.</summary>
internal sealed record CredentialsStale(string Org) : IPoolMessage;

/// <summary>Ends the manager: no new leases, wait for open ones. Answered with <see cref="Drained"/> when all is closed.</summary>
internal sealed record DrainAll(TimeSpan Deadline) : IPoolMessage;

/// <summary>While draining: don't wait any longer.</summary>
internal sealed record DrainNow : IPoolMessage
{
    public static readonly DrainNow Instance = new();
}

/// <summary>Answer to <see cref="DrainAll"/>.</summary>
/// <param name="LeasesCut">Leases still open when their sessions were ended.</param>
internal sealed record Drained(int LeasesCut) : IPoolMessage;

/// <summary>Asks to evict a tenant's pool if it is idle. Answered with <see cref="PoolEvicted"/>.</summary>
internal sealed record EvictPool(TenantKey Tenant) : IPoolMessage;

/// <summary>Answer to <see cref="EvictPool"/>.</summary>
internal sealed record PoolEvicted(EvictResult Result) : IPoolMessage;

/// <summary>Asks for a snapshot of the pools. Answered with <see cref="PoolsSnapshot"/>.</summary>
internal sealed record GetPoolsSnapshot : IPoolMessage
{
    public static readonly GetPoolsSnapshot Instance = new();
}

/// <summary>Fetch an organisation's secret again and answer its credentials' fate with <see cref="SecretRefreshed"/>.</summary>
internal sealed record RefreshPool(TenantKey Tenant) : IPoolMessage;
