using System.Globalization;
using Npgsql;

namespace HyperConn;

/// <summary>The failures of pools and connections, each with what to check.</summary>
internal static class PoolFailures
{
    public static HyperConnFailure ShuttingDown(TenantKey? tenant = null) => new(
        HyperConnErrorCode.ShuttingDown, "HyperConn is shutting down; no new connection is handed out.", tenant);

    public static HyperConnFailure NotStarted(TenantKey? tenant = null) => new(
        HyperConnErrorCode.NotConfigured,
        "HyperConn has not started. Call WithHyperConn() on the Akka builder, start the host, and only then ask for pools.",
        tenant);

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

    public static HyperConnFailure Internal(TenantKey tenant, string what) => new(
        HyperConnErrorCode.Internal, $"{what} Ask again; if it stays, the log has the cause.", tenant);

    public static HyperConnFailure NoAnswer(TimeSpan limit) => new(
        HyperConnErrorCode.TimedOut,
        string.Create(CultureInfo.InvariantCulture, $"The pool supervisor did not answer within {limit.TotalSeconds:0.#} s. If the actor system has ended, nothing will."));

    public static HyperConnFailure TimedOut(TenantKey tenant, TimeSpan limit, string stage) => new(
        HyperConnErrorCode.TimedOut,
        string.Create(CultureInfo.InvariantCulture, $"No connection of {tenant} was ready after {limit.TotalSeconds:0.#} s, while {stage}. ")
        + "Look at the server's and the secret store's health; HyperConn:Pools:AcquireTimeout sets the limit.",
        tenant);

    public static HyperConnFailure BudgetTimedOut(TenantKey tenant, TimeSpan limit, ServerState server)
    {
        // The caller has left the queue by now, and counts itself.
        var top = string.Join(", ", server.Top.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Tenant} {t.Permits}")));
        return new(
            HyperConnErrorCode.BudgetTimedOut,
            string.Create(
                CultureInfo.InvariantCulture,
                $"No connection permit of {server.Endpoint} for {tenant} within {limit.TotalSeconds:0.#} s: {Limit(server)}, {server.Granted} in use, {server.Waiting + 1} waiting; ")
            + $"most held by {(top.Length > 0 ? top : "nobody")}. Close connections sooner, or raise HyperConn:Servers:MaxConnections if the server has room.",
            tenant);
    }

    public static HyperConnFailure WaitersFull(TenantKey tenant, ServerState? server, int most) => new(
        HyperConnErrorCode.WaitersFull,
        string.Create(CultureInfo.InvariantCulture, $"{most} callers wait for {(server is null ? tenant.ToString() : server.Endpoint.ToString())} already. ")
        + "Slow down the events that come in; HyperConn:Servers:MaxWaitersPerServer and MaxWaitersPerTenant set the limits.",
        tenant);

    /// <summary>What PostgreSQL, or the way to it, answered to an attempt to connect.</summary>
    public static HyperConnFailure Connect(TenantKey tenant, string server, OpenFault fault, Exception cause)
    {
        var state = cause is PostgresException postgres ? $" ({postgres.SqlState})" : "";
        return fault switch
        {
            OpenFault.LoginRefused => new(
                HyperConnErrorCode.LoginRefused,
                $"PostgreSQL at {server} refused the login of {tenant}{state}. Check that the secret has the current user and password, and pg_hba.conf.",
                tenant),
            OpenFault.CredentialsExpired => new(
                HyperConnErrorCode.StoreUnavailable,
                $"The credentials of {tenant} are older than HyperConn:Secrets:HardLimit and the secret store gives no newer ones.",
                tenant),
            OpenFault.DatabaseUnavailable => new(
                HyperConnErrorCode.DatabaseUnavailable,
                $"The database of {tenant} at {server} can't be used{state}. Check that it exists, allows connections, and that the user has CONNECT on it.",
                tenant),
            OpenFault.ServerFull or OpenFault.TenantFull => new(
                HyperConnErrorCode.BudgetTimedOut,
                $"PostgreSQL at {server} has no slot left for {tenant}{state}: others use the server too, or the role's or database's connection limit is reached.",
                tenant),
            OpenFault.PoolFull => new(
                HyperConnErrorCode.BudgetTimedOut,
                $"All connections {tenant} may have at {server} are taken, also by connection objects opened outside leases. "
                + "Close them sooner, or raise HyperConn:Connections:MaxPerTenant.",
                tenant),
            OpenFault.Unreachable or OpenFault.NoAnswer => new(
                HyperConnErrorCode.ServerUnreachable,
                $"PostgreSQL at {server} can't be reached for {tenant}{state}. Check host, port, network and that the server runs.",
                tenant),
            _ => new(
                HyperConnErrorCode.ConnectionFailed,
                $"PostgreSQL at {server} did not accept the connection of {tenant}{state}. The inner exception has the server's words.",
                tenant),
        };
    }

    private static string Limit(ServerState server) => server.Limit == ServerOptions.Unlimited
        ? "no limit"
        : string.Create(CultureInfo.InvariantCulture, $"limit {server.Limit}");
}
