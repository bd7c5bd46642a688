using HyperConn.Host.Demo;
using HyperConn.Tests;

namespace HyperConn.AspNetCore.Tests.Support;

/// <summary>A server with eight shops on it, each with its own database.</summary>
public sealed class Shops : PostgresFixture, IAsyncLifetime
{
    public const string Project = "shop";

    private TenantProvisioner? _shops;

    internal TenantProvisioner Provisioner => Server is null ? null! : _shops!;

    internal IReadOnlyList<ProvisionedTenant> All => Provisioner.Tenants;

    private protected override PostgresServerOptions Options => new() { MaxConnections = 60 };

    async Task IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        try
        {
            _shops = await ProvisionAsync(8, ownDatabases: 8, services: ["core"]);
        }
        catch (SkipException)
        {
            // Each test that asks for the server says why.
        }
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        if (_shops is not null)
            await _shops.DisposeAsync();
        await DisposeAsync();
    }
}
