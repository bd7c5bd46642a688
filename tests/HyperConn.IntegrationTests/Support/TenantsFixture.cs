using HyperConn.Host.Demo;

namespace HyperConn.Tests.Support;

/// <summary>A server with marked tenants on it.</summary>
public abstract class TenantsFixture : PostgresFixture, IAsyncLifetime
{
    private TenantProvisioner? _tenants;
    private TenantOracle? _oracle;

    /// <summary>The tenants. Skips where there is no server.</summary>
    internal TenantProvisioner Provisioner => Server is null ? null! : _tenants!;

    internal IReadOnlyList<ProvisionedTenant> Tenants => Provisioner.Tenants;

    internal TenantOracle Oracle => _oracle!;

    private protected abstract (int Tenants, int OwnDatabases) Plan { get; }

    async Task IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        try
        {
            _tenants = await ProvisionAsync(Plan.Tenants, Plan.OwnDatabases);
            _oracle = await TenantOracle.MarkAsync(_tenants, Server);
        }
        catch (SkipException)
        {
            // Each test that asks for the server says why.
        }
    }

    /// <summary>Ends what a derived fixture put in front of the server.</summary>
    protected virtual Task EndAsync() => Task.CompletedTask;

    async Task IAsyncLifetime.DisposeAsync()
    {
        await EndAsync();

        // What a server of our own has on it goes with it.
        if (_tenants is not null && Server.Control is null)
            await _tenants.DisposeAsync();
        await DisposeAsync();
    }

    internal MemorySecretStore Secrets() => new MemorySecretStore().With(Tenants);

    internal Task<PoolsHost> StartAsync(Action<HyperConnOptions>? configure = null) => PoolsHost.StartAsync(Secrets(), configure);
}

/// <summary>A roomy server with a hundred tenants.</summary>
public sealed class RoomyServer : TenantsFixture
{
    private protected override PostgresServerOptions Options => new() { MaxConnections = 200 };

    private protected override (int Tenants, int OwnDatabases) Plan => (100, 10);
}

/// <summary>A server of 40 connections with 300 tenants, a third of them in databases of their own.</summary>
public sealed class SmallServer : TenantsFixture
{
    public const int MaxConnections = 40;

    private protected override PostgresServerOptions Options => new() { MaxConnections = MaxConnections };

    private protected override (int Tenants, int OwnDatabases) Plan => (300, 100);
}

[CollectionDefinition(Name)]
public sealed class RoomyServerCollection : ICollectionFixture<RoomyServer>
{
    public const string Name = "Roomy server";
}

/// <summary>Its tests take all the server has, so they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SmallServerCollection : ICollectionFixture<SmallServer>
{
    public const string Name = "Small server";
}
