using System.Globalization;
using HyperConn.Leases;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Why a connection could not be opened, each with what to check.</summary>
internal static class OpenFailures
{
    /// <summary>What a caller is told whose time is up.</summary>
    public static HyperConnFailure TimedOut(OpenRequest request, TimeSpan limit)
    {
        var (tenant, pool) = (request.Tenant, request.Pool);
        if ((pool?.Login?.Cause ?? pool?.Health.Circuit.Cause) is { } known)
            return known with { Tenant = tenant };
        if (pool is null)
            return TimedOut(tenant, limit, request.Stage);
        if (request.WaitsForPermit)
        {
            var server = pool.Shares[0].Server;
            return pool.Desk.IsAtMax() ? TenantTimedOut(tenant, limit, server, pool.Word.Permits)
                : pool.View.IsShareValid ? BudgetTimedOut(tenant, limit, server)
                : ShareLapsed(tenant, limit, server);
        }

        return request.LastError is { } error ? Connect(pool, OpenFaults.Of(error), error) : TimedOut(tenant, limit, request.Stage);
    }

    public static HyperConnFailure TimedOut(TenantKey tenant, TimeSpan limit, string stage) => new(
        HyperConnErrorCode.TimedOut,
        string.Create(CultureInfo.InvariantCulture, $"No connection of {tenant} was ready after {limit.TotalSeconds:0.#} s, while {stage}. ")
        + "Look at the server's and the secret store's health; HyperConn:Pools:AcquireTimeout sets the limit.",
        tenant);

    public static HyperConnFailure TenantTimedOut(TenantKey tenant, TimeSpan limit, ServerState server, int held) => new(
        HyperConnErrorCode.BudgetTimedOut,
        string.Create(
            CultureInfo.InvariantCulture,
            $"All {held} connections {tenant} may have at {server.Endpoint} were in use for {limit.TotalSeconds:0.#} s. Close connections sooner, or raise ")
        + "HyperConn:Connections:MaxPerTenant (or the role's or database's own connection limit, where that is lower).",
        tenant);

    // Who holds the others is no business of this tenant's: the server's page and statistics tell operators.
    public static HyperConnFailure BudgetTimedOut(TenantKey tenant, TimeSpan limit, ServerState server) => new(
        HyperConnErrorCode.BudgetTimedOut,
        string.Create(
            CultureInfo.InvariantCulture,
            $"No connection permit of {server.Endpoint} for {tenant} within {limit.TotalSeconds:0.#} s: {Limit(server)}, {server.Granted} in use, {server.Waiting + 1} waiting. ")
        + "Close connections sooner, or raise HyperConn:Servers:MaxConnections if the server has room.",
        tenant);

    /// <summary>Several processes share the server, and this one has no part of it that holds.</summary>
    public static HyperConnFailure ShareLapsed(TenantKey tenant, TimeSpan limit, ServerState server) => new(
        HyperConnErrorCode.BudgetTimedOut,
        string.Create(
            CultureInfo.InvariantCulture,
            $"No connection permit of {server.Endpoint} for {tenant} within {limit.TotalSeconds:0.#} s: this process has no share of the server's connections that holds. ")
        + "It must be a member of its cluster, of which more than half of the nodes answer; the log of HyperConn.Cluster says which of these is missing.",
        tenant);

    public static HyperConnFailure WaitersFull(TenantKey tenant, ServerState? server, int max) => new(
        HyperConnErrorCode.WaitersFull,
        string.Create(CultureInfo.InvariantCulture, $"{max} callers wait for {(server is null ? tenant.ToString() : server.Endpoint.ToString())} already. ")
        + "Slow down the events that come in; HyperConn:Servers:MaxWaitersPerServer and MaxWaitersPerTenant set the limits.",
        tenant);

    /// <summary>What PostgreSQL, or the way to it, answered to an attempt to connect.</summary>
    public static HyperConnFailure Connect(PoolGeneration pool, OpenFault fault, Exception exception)
    {
        var postgres = pool.Credentials.Postgres;
        var (tenant, server, cause) = (pool.Tenant, pool.ServerName, ConnectCause.Of(exception, postgres.Password));
        var (user, database) = (ConnectCause.Printable(postgres.Username), ConnectCause.Printable(postgres.Database));
        return fault switch
        {
            OpenFault.LoginRefused => new(
                HyperConnErrorCode.LoginRefused,
                $"PostgreSQL at {server} refused the login of {tenant} as '{user}' ({cause}). "
                + "Check that the secret has the current user and password, and pg_hba.conf.",
                tenant),
            OpenFault.CredentialsExpired => new(
                HyperConnErrorCode.StoreUnavailable,
                $"The credentials of {tenant} are older than HyperConn:Secrets:HardLimit and the secret store gives no newer ones.",
                tenant),
            OpenFault.DatabaseUnavailable => new(
                HyperConnErrorCode.DatabaseUnavailable,
                $"Database '{database}' of {tenant} at {server} can't be used ({cause}). "
                + $"Check that it exists, allows connections, and that user '{user}' has CONNECT on it.",
                tenant),
            OpenFault.TenantFull => new(
                HyperConnErrorCode.BudgetTimedOut,
                $"The connection limit of role '{user}' or of database '{database}' at {server} is reached for {tenant} ({cause}). "
                + "Raise it (ALTER ROLE or ALTER DATABASE … CONNECTION LIMIT), or lower HyperConn:Connections:MaxPerTenant.",
                tenant),
            OpenFault.ServerFull => new(
                HyperConnErrorCode.BudgetTimedOut,
                pool.View.IsPooled
                    ? $"The pooler at {server} takes no more clients for {tenant} ({cause}). "
                    + "Set HyperConn:Servers:MaxConnections below its limit (PgBouncer: max_client_conn), or raise that."
                    : $"PostgreSQL at {server} has no slot left for {tenant} ({cause}): others use the server too. "
                    + "Lower HyperConn:Servers:MaxConnections so that their connections fit beside these.",
                tenant),
            OpenFault.PoolFull => new(
                HyperConnErrorCode.BudgetTimedOut,
                $"All connections {tenant} may have at {server} are taken, also by connection objects opened outside leases. "
                + "Close them sooner, or raise HyperConn:Connections:MaxPerTenant.",
                tenant),
            OpenFault.Unreachable or OpenFault.NoAnswer => new(
                HyperConnErrorCode.ServerUnreachable,
                pool.View.IsPooled && exception is PostgresException
                    ? $"The pooler at {server} can't reach PostgreSQL ({cause}). Check that the server behind it runs and lets the pooler in."
                    : $"PostgreSQL at {server} can't be reached ({cause}). Check host, port, network and that the server runs."),
            OpenFault.PoolerFull => new(
                HyperConnErrorCode.BudgetTimedOut,
                $"The pooler at {server} has no server connection free for {tenant} ({cause}). Let it have as many for user '{user}' and database "
                + $"'{database}' as HyperConn:Connections:MaxPerTenant (PgBouncer: default_pool_size, max_db_connections, max_user_connections), or lower that.",
                tenant),
            OpenFault.ParameterRefused => PoolerFailures.ParameterRefused(pool, cause, PoolerAnswers.RefusedParameter(exception)),
            OpenFault.SearchPathLost => PoolerFailures.SearchPathLost(pool, (SearchPathLostException)exception),
            _ => new(
                HyperConnErrorCode.ConnectionFailed,
                $"PostgreSQL at {server} did not accept the connection of {tenant} ({cause}). Check the options and TLS settings in the secret.",
                tenant),
        };
    }

    private static string Limit(ServerState server) => server.Limit == ServerOptions.Unlimited
        ? "no limit"
        : string.Create(CultureInfo.InvariantCulture, $"limit {server.Limit}");
}
