using HyperConn.ConnectionStrings;
using HyperConn.Leases;

namespace HyperConn.Opening;

/// <summary>What a pooler doesn't let through, and what to do instead.</summary>
internal static class PoolerFailures
{
    /// <summary>It refuses a parameter that sessions start with.</summary>
    public static HyperConnFailure ParameterRefused(PoolGeneration pool, string cause, string parameter)
    {
        var settings = pool.Credentials.Postgres.ToNpgsql();
        var remedy = parameter switch
        {
            "search_path" => $"Give the role a path of its own ({AlterRole(pool, "search_path", "…")}), and add search_path to the pooler's "
                + "ignore_startup_parameters: the path in force is checked before a connection is handed out.",
            "options" when SessionOptions.IsNeutral(settings.Options, settings.ClientEncoding) =>
                "It is sent only to keep this process's PGOPTIONS out of the tenant's sessions: start the process without PGOPTIONS.",
            "options" => $"Remove it from the secret and give the role these settings ({AlterRole(pool, "…", "…")}).",
            _ => "Remove it from the secret, or add it to the pooler's ignore_startup_parameters.",
        };
        return new HyperConnFailure(
            HyperConnErrorCode.ConnectionFailed,
            $"The pooler at {pool.ServerName} does not take the start-up parameter '{parameter}' that sessions of {pool.Tenant} ask for ({cause}). {remedy}",
            pool.Tenant);
    }

    /// <summary>It took the search path, and sessions don't have it.</summary>
    public static HyperConnFailure SearchPathLost(PoolGeneration pool, SearchPathLostException lost) => new(
        HyperConnErrorCode.ConnectionFailed,
        $"Sessions of {pool.Tenant} at {pool.ServerName} have the search path {ConnectCause.Printable(lost.Found)} and not {ConnectCause.Printable(lost.Asked)}: "
        + "a pooler there ignores what sessions ask for when they start. Nobody gets them, because they would work in another's schema. "
        + $"Give the role the path: {AlterRole(pool, "search_path", ConnectCause.Printable(lost.Asked))}.",
        pool.Tenant);

    private static string AlterRole(PoolGeneration pool, string setting, string value)
    {
        var postgres = pool.Credentials.Postgres;
        return $"ALTER ROLE {Identifier(postgres.Username)} IN DATABASE {Identifier(postgres.Database)} SET {setting} = {value}";
    }

    private static string Identifier(string name) => DataSourceFactory.QuoteIdentifier(ConnectCause.Printable(name));
}
