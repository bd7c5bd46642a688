using HyperConn.Host.Demo;
using Xunit;

namespace HyperConn.Tests;

/// <summary>
/// A PostgreSQL server for tests: the one named by <c>HYPERCONN_POSTGRES</c>, Docker's, or one started here. Where none is to be had,
/// tests that ask for it are skipped with the reason.
/// </summary>
/// <remarks>Use it as a class or collection fixture. Derive from it to set the server up in another way.</remarks>
public class PostgresFixture : IAsyncLifetime
{
    private static readonly IReadOnlyList<IPostgresSource> Sources =
        [new ExternalPostgresSource(), new DockerPostgresSource(), new InstalledPostgresSource(), new EmbeddedPostgresSource()];

    private PostgresServer? _server;
    private string? _reason;

    /// <summary>The server.</summary>
    /// <exception cref="SkipException">There is none: the test is skipped.</exception>
    internal PostgresServer Server
    {
        get
        {
            MachinePart.Postgres.Need(_server is not null, _reason);
            return _server;
        }
    }

    /// <summary>How to set a server of our own up.</summary>
    private protected virtual PostgresServerOptions Options => new() { MaxConnections = 200 };

    /// <summary>Starts a server for one test, which may stop and kill it. Dispose it. Skips the test where none can be started.</summary>
    internal static async Task<PostgresServer> StartOwnAsync(PostgresServerOptions options)
    {
        try
        {
            return await PostgresSources.StartAsync(options with { CopiesData = true }, [new InstalledPostgresSource(), new EmbeddedPostgresSource()]);
        }
        catch (PostgresUnavailableException e)
        {
            MachinePart.Postgres.Need(isThere: false, e.Message);
            throw;
        }
    }

    /// <summary>Makes tenants on the server, to be dropped by disposing the result.</summary>
    /// <param name="tenants">How many.</param>
    /// <param name="ownDatabases">How many of them get a database of their own.</param>
    /// <param name="services">Services; null: <c>core</c> and <c>billing</c>.</param>
    internal Task<TenantProvisioner> ProvisionAsync(int tenants, int ownDatabases = 2, IReadOnlyList<string>? services = null)
    {
        var plan = new TenantPlan { Tenants = tenants, OwnDatabases = ownDatabases };
        return TenantProvisioner.CreateAsync(Server, services is null ? plan : plan with { Services = services });
    }

    public async Task InitializeAsync()
    {
        try
        {
            _server = await PostgresSources.StartAsync(Options with { CopiesData = true }, Sources);
        }
        catch (PostgresUnavailableException e)
        {
            _reason = e.Message;
        }
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}

/// <summary>Test classes that share one server: <c>[Collection(PostgresCollection.Name)]</c>.</summary>
public static class PostgresCollection
{
    public const string Name = "PostgreSQL";
}
