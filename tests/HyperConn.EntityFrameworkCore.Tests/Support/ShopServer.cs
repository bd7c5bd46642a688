using HyperConn.Host.Demo;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace HyperConn.Tests.Support;

/// <summary>A server with the shops of two hundred tenants, nearly all of them in schemas of one database.</summary>
public sealed class ShopServer : PostgresFixture, IAsyncLifetime
{
    private const int Shops = 200;

    private TenantProvisioner? _tenants;

    /// <summary>The tenants. Skips where there is no server.</summary>
    internal TenantProvisioner Provisioner => Server is null ? null! : _tenants!;

    internal IReadOnlyList<ProvisionedTenant> Tenants => [.. Provisioner.Tenants.Take(Shops)];

    /// <summary>Tenants without a shop, for tests that make what they need in their schemas: the first has a database of its own.</summary>
    internal IReadOnlyList<ProvisionedTenant> Spare => [.. Provisioner.Tenants.Skip(Shops).OrderByDescending(tenant => tenant.OwnDatabase)];

    internal MemorySecretStore Secrets() => new MemorySecretStore().With(Tenants);

    /// <summary>Leaves nothing in a tenant's schema.</summary>
    internal async Task EmptyAsync(ProvisionedTenant tenant)
    {
        await using var admin = NpgsqlDataSource.Create(Server.Admin(tenant.Database));
        await using var command = admin.CreateCommand(
            $"""drop schema "{tenant.Schema}" cascade; create schema "{tenant.Schema}" authorization "{tenant.BaseUser}" """);
        await command.ExecuteNonQueryAsync();
    }

    async Task IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        try
        {
            _tenants = await ProvisionAsync(Shops + 10, ownDatabases: 21, services: ["core"]);
        }
        catch (SkipException)
        {
            // Each test that asks for the server says why.
            return;
        }

        await using var host = await EfHost.StartAsync(Secrets());
        await Parallel.ForEachAsync(Tenants, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (tenant, stop) =>
        {
            await using var shop = await host.Shops.CreateDbContextAsync(tenant.Key, stop);
            await ((IRelationalDatabaseCreator)shop.GetService<IDatabaseCreator>()).CreateTablesAsync(stop);
        });
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        // What a server of our own has on it goes with it.
        if (_tenants is not null && Server.Control is null)
            await _tenants.DisposeAsync();
        await DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class ShopServerCollection : ICollectionFixture<ShopServer>
{
    public const string Name = "Shops";
}
