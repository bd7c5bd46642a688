using HyperConn.Host.Demo;
using HyperConn.Testing;
using Npgsql;

namespace HyperConn.Tests.Integration;

/// <summary>A server of the test's own with a log that can be read, and a Secrets Manager that fails when told to.</summary>
internal sealed class FailureServer : IAsyncDisposable
{
    private FailureServer(PostgresServer server, TenantProvisioner tenants, FaultyAwsEndpoint secrets) =>
        (Server, Tenants, Secrets) = (server, tenants, secrets);

    public PostgresServer Server { get; }

    public TenantProvisioner Tenants { get; }

    public FaultyAwsEndpoint Secrets { get; }

    public static async Task<FailureServer> StartAsync(int tenants)
    {
        var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["logging_collector"] = "on",
                ["log_directory"] = "log",
                ["log_filename"] = "server.log",
                ["lc_messages"] = "C",
            },
        });
        var plan = new TenantPlan { Tenants = tenants, OwnDatabases = 0, Services = ["core"] };
        var made = new FailureServer(server, await TenantProvisioner.CreateAsync(server, plan), await FaultyAwsEndpoint.StartAsync());
        foreach (var tenant in made.Tenants.Tenants)
            made.Put(tenant.Key, tenant.ConnectionUri);
        return made;
    }

    public void Put(TenantKey tenant, string uri) => Secrets.Put(Manager.SecretName(tenant), Manager.SecretText(tenant, uri));

    /// <summary>How often something is in the server's log.</summary>
    public async Task<int> CountInLogAsync(string text)
    {
        await using var source = NpgsqlDataSource.Create(Server.Admin());
        await using var command = source.CreateCommand("select pg_read_file('log/server.log')");
        var log = (string)(await command.ExecuteScalarAsync())!;
        return log.Split(text).Length - 1;
    }

    public async ValueTask DisposeAsync()
    {
        await Secrets.DisposeAsync();

        // The provisioner would drop what goes with the server anyway, and a test may have left it down.
        await Server.DisposeAsync();
    }
}
