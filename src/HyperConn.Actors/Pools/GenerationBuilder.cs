using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Secrets;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Pools;

/// <summary>Makes a tenant's credentials of the text of a secret, and generations of credentials.</summary>
/// <param name="runtime">What is shared.</param>
/// <param name="tenant">The tenant.</param>
/// <param name="owner">Whom generations tell.</param>
/// <param name="reject">Told why something can't be made; null is returned then.</param>
internal sealed class GenerationBuilder(PoolRuntime runtime, TenantKey tenant, IGenerationOwner owner, Action<HyperConnFailure> reject)
{
    private int _built;

    /// <summary>The servers that credentials name, in the fixed order in which permits are asked for.</summary>
    public static ServerEndpoint[] EndpointsOf(GenerationCredentials credentials) =>
        [.. credentials.Postgres.Hosts.Select(h => new ServerEndpoint(h.Host, h.Port)).Distinct().Order()];

    /// <summary>The servers, if all are known and none is restricted; null: the supervisor must be asked.</summary>
    public ServerState[]? FindServers(GenerationCredentials credentials)
    {
        var endpoints = EndpointsOf(credentials);
        var servers = new ServerState[endpoints.Length];
        for (var i = 0; i < endpoints.Length; i++)
        {
            if (!runtime.Servers.TryGetValue(endpoints[i], out servers[i]!) || runtime.Restrictions.OfServer(endpoints[i]) is not null)
                return null;
        }

        return servers;
    }

    /// <summary>Why no pool can be made on these credentials now: an operator paused or banned a server; null: none is.</summary>
    public HyperConnFailure? RestrictionOf(GenerationCredentials? credentials) => credentials is null
        ? null
        : EndpointsOf(credentials).Select(runtime.Restrictions.OfServer).FirstOrDefault(r => r is not null) is { } restriction
            ? OperatorRestrictions.Failure(restriction, tenant)
            : null;

    /// <summary>Reads the text of a secret's entry.</summary>
    public GenerationCredentials? TryParse(CredentialsFound found)
    {
        if (!PostgresCredentials.TryParse(found.Text, out var credentials, out var fault))
        {
            reject(PoolFailures.Malformed(tenant, fault));
            return null;
        }

        if (credentials.Ignored.Count > 0)
            PoolLog.KeywordsIgnored(runtime.Logger, tenant, string.Join(", ", credentials.Ignored));
        return new GenerationCredentials(credentials, found.VersionId, found.FetchedAt, found.StaleAt);
    }

    /// <summary>Makes a generation.</summary>
    public PoolGeneration? TryBuild(GenerationCredentials credentials, ServerState[] servers)
    {
        try
        {
            var generation = new PoolGeneration(runtime.Leases, tenant, ++_built, credentials, servers, owner);
            runtime.Generations.Add(generation);
            return generation;
        }
        catch (HyperConnException refused)
        {
            reject(refused.Failure);
        }
        catch (Exception cause) when (cause is ArgumentException or FormatException or NotSupportedException or InvalidOperationException or NpgsqlException)
        {
            // Npgsql checks some combinations only here. Its texts may quote values, so they stay out of the message and the log.
            reject(PoolFailures.Malformed(
                tenant, $"Npgsql refused this combination of settings ({cause.GetType().Name}). Check TLS files, hosts and target_session_attrs, and the ConfigureDataSource hook."));
        }

        return null;
    }
}
