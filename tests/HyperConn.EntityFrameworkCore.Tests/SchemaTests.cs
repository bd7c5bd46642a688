using HyperConn.EntityFrameworkCore;
using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>What contexts make in databases, and what they know of their types and sequences.</summary>
[Collection(ShopServerCollection.Name)]
public class SchemaTests(ShopServer server)
{
    [SkippableTheory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task EnsureCreated_makes_tables_and_types_where_the_tenants_schema_is_empty_whatever_its_neighbours_have(bool alone, bool async)
    {
        var tenant = server.Spare[alone ? 0 : async ? 2 : 3];
        Assert.Equal(alone, tenant.OwnDatabase);
        await server.EmptyAsync(tenant);
        await using var host = await EfHost.StartAsync(
            server.Secrets().With([tenant]), services => services.AddTenantDbContextFactory<ParcelContext>(n => n.MapEnum<Size>("size")));
        await using var parcels = host.Services.GetRequiredService<ITenantDbContextFactory<ParcelContext>>().CreateDbContext(tenant.Key);
        Assert.False(await parcels.GetService<Microsoft.EntityFrameworkCore.Storage.IRelationalDatabaseCreator>().HasTablesAsync());

        Assert.True(async ? await parcels.Database.EnsureCreatedAsync() : parcels.Database.EnsureCreated());
        Assert.False(async ? await parcels.Database.EnsureCreatedAsync() : parcels.Database.EnsureCreated());

        await Assert.ThrowsAsync<NotSupportedException>(() => parcels.Database.EnsureDeletedAsync());
        if (!alone)
            return;

        // Npgsql finds a type by its name only where the database has one of that name.
        parcels.Add(new Parcel { Address = "there", Size = Size.Large });
        await parcels.SaveChangesAsync();
        Assert.Equal(Size.Large, await parcels.Parcels.Select(parcel => parcel.Size).SingleAsync());
    }

    [SkippableFact]
    public async Task A_database_that_is_not_there_is_not_made_and_the_error_says_what_to_do()
    {
        var (there, nowhere) = (server.Tenants[0], TenantKey.Create("core", "nowhere"));
        var admin = server.Server.Admin();
        var secrets = server.Secrets().Put(nowhere, $"postgresql://{Uri.EscapeDataString(admin.Username!)}:{Uri.EscapeDataString(admin.Password ?? "")}@{admin.Host}:{admin.Port}/not_there");
        await using var host = await EfHost.StartAsync(secrets);
        await using var shop = host.Shops.CreateDbContext(nowhere);
        await using var neighbour = host.Shops.CreateDbContext(there.Key);

        Assert.False(await shop.Database.CanConnectAsync());
        Assert.True(await neighbour.Database.CanConnectAsync());
        var error = await Assert.ThrowsAsync<NotSupportedException>(() => shop.Database.EnsureCreatedAsync());
        Assert.Contains("StoreSecretAsync", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Blocks_of_a_sequence_are_each_tenants_own_though_two_share_database_and_names()
    {
        ProvisionedTenant[] two = [server.Tenants[192], server.Tenants[193]];
        Assert.Equal(two[0].Database, two[1].Database);
        await SqlAsync(two[0], $"alter sequence \"{two[0].Schema}\".order_ids restart with 1001; alter sequence \"{two[1].Schema}\".order_ids restart with 5001");
        await using var host = await EfHost.StartAsync(server.Secrets());
        var ids = new List<int>();

        for (var i = 0; i < 6; i++)
        {
            await using var shop = host.Shops.CreateDbContext(two[i % 2].Key);
            var order = new Order { Tenant = "counted" };
            shop.Add(order);
            await shop.SaveChangesAsync();
            ids.Add(order.Id);
        }

        Assert.Equal([1001, 5001, 1002, 5002, 1003, 5003], ids);
    }

    [SkippableFact]
    public async Task Plug_ins_and_data_source_settings_of_the_options_hold_for_tenants_data_sources()
    {
        var configured = 0;
        await using var host = await EfHost.StartAsync(server.Secrets(), services => services.AddTenantDbContextPool<ShopContext>(
            n => n.UseNodaTime().ConfigureDataSource(source =>
            {
                source.ConnectionStringBuilder.ApplicationName = "shop";
                Interlocked.Increment(ref configured);
            })));
        await using var shop = host.Shops.CreateDbContext(server.Tenants[0].Key);

        var now = await shop.Database.SqlQuery<Instant>($"""select now() as "Value" """).SingleAsync();
        var name = await shop.Database.SqlQuery<string>($"""select current_setting('application_name') as "Value" """).SingleAsync();

        Assert.True(now > Instant.FromUtc(2020, 1, 1, 0, 0));
        Assert.Equal(("shop", 1), (name, configured));
    }

    private async Task SqlAsync(ProvisionedTenant tenant, string sql)
    {
        await using var admin = NpgsqlDataSource.Create(server.Server.Admin(tenant.Database));
        await using var command = admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
