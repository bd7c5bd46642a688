using HyperConn.Chaos.Observations;
using HyperConn.Host.Demo;
using HyperConn.Tests;
using Npgsql;

namespace HyperConn.Chaos.World;

/// <summary>Two PostgreSQL servers, one with a standby, PgBouncer in front of the first, and relays on the ways to both.</summary>
internal sealed class ChaosServers : IAsyncDisposable
{
    private ChaosServers(PostgresServer first, ReplicatedServer second, PgBouncer pooler)
    {
        (First, Second, Pooler) = (first, second, new PoolerKeeper(pooler));
        Way = new Relay(first.Port);
        PoolerWay = new Relay(pooler.Port);
    }

    /// <summary>The server without a standby.</summary>
    public PostgresServer First { get; }

    /// <summary>The server with one.</summary>
    public ReplicatedServer Second { get; }

    /// <summary>In front of the first server, pooling transactions.</summary>
    public PoolerKeeper Pooler { get; }

    /// <summary>The way to the first server.</summary>
    public Relay Way { get; }

    /// <summary>The way to the pooler.</summary>
    public Relay PoolerWay { get; }

    /// <summary>Starts them.</summary>
    /// <exception cref="Xunit.SkipException">Something is not installed here.</exception>
    public static async Task<ChaosServers> StartAsync()
    {
        var first = await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = 160 });
        ReplicatedServer? second = null;
        try
        {
            second = await ReplicatedServer.StartAsync();
            var pooler = await PgBouncer.StartAsync(first, new PgBouncerOptions(PgBouncerOptions.Transaction)
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["default_pool_size"] = "4",
                    ["max_db_connections"] = "40",
                    ["max_client_conn"] = "300",
                    ["server_login_retry"] = "1",
                    ["query_wait_timeout"] = "6",
                },
            });
            return new ChaosServers(first, second, pooler);
        }
        catch
        {
            if (second is not null)
                await second.DisposeAsync();
            await first.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the tenants of a site find their server, and further parameters of their connection strings.</summary>
    public (string Hosts, string Parameters) HostsOf(Site site) => site switch
    {
        Site.Direct => ($"127.0.0.1:{Way.Port}", ""),
        Site.Pooled => ($"127.0.0.1:{PoolerWay.Port}", ""),
        _ => ($"127.0.0.1:{Second.Primary.Port},127.0.0.1:{Second.Standby.Port}", "&target_session_attrs=read-write"),
    };

    /// <summary>The server on which a site's databases are.</summary>
    public PostgresServer ServerOf(Site site) => site == Site.Replicated ? Second : First;

    /// <summary>A server's first process, whose children its sessions are.</summary>
    public static async Task<int> PostmasterAsync(NpgsqlConnectionStringBuilder admin)
    {
        admin.Pooling = false;
        await using var connection = new NpgsqlConnection(admin.ConnectionString);
        await connection.OpenAsync();
        return ProcessTree.ParentOf(connection.ProcessID) ?? throw new InvalidOperationException("The server's first process was not found.");
    }

    public async ValueTask DisposeAsync()
    {
        await Way.DisposeAsync();
        await PoolerWay.DisposeAsync();
        await Pooler.DisposeAsync();
        await Second.DisposeAsync();
        await First.DisposeAsync();
    }
}
