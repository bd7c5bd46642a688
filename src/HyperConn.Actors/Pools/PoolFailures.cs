using System.Globalization;

namespace HyperConn.Pools;

/// <summary>The failures of pools and connections, each with what to check.</summary>
internal static class PoolFailures
{
    public static HyperConnFailure ServiceNotAllowed(TenantKey tenant, IEnumerable<string> allowed) => new(
        HyperConnErrorCode.ServiceNotAllowed,
        $"Service '{tenant.Service}' is not in the configured list ({string.Join(", ", allowed.Order(StringComparer.Ordinal))}). "
        + "Add it to HyperConn:Services, or leave the list empty to allow any.",
        tenant);

    public static HyperConnFailure CapacityReached(TenantKey tenant, int cap, bool waited) => new(
        HyperConnErrorCode.CapacityReached,
        string.Create(CultureInfo.InvariantCulture, $"All {cap} pools are in use{(waited ? " and none went idle in time" : "")}. ")
        + "Raise HyperConn:Pools:MaxPools, look for leases that are never closed, or set OnCapacity to Overflow.",
        tenant);

    public static HyperConnFailure Malformed(TenantKey tenant, string fault) => new(
        HyperConnErrorCode.SecretMalformed, $"The credentials of {tenant} can't be used: {fault}", tenant);

    public static HyperConnFailure NoAnswer(TimeSpan limit) => new(
        HyperConnErrorCode.TimedOut,
        string.Create(CultureInfo.InvariantCulture, $"The pool supervisor did not answer within {limit.TotalSeconds:0.#} s. If the actor system has ended, nothing will."));
}
