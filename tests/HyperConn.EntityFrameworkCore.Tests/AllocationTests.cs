using HyperConn.EntityFrameworkCore;
using HyperConn.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit.Abstractions;

namespace HyperConn.Tests;

[Collection(ShopServerCollection.Name)]
public class AllocationTests(ShopServer server, ITestOutputHelper output)
{
    private const int Queries = 2_000;

    /// <summary>The connection object that each opening makes is what a tenant's context has more than one on a data source of its own.</summary>
    [SkippableFact]
    public async Task A_hot_query_of_a_pooled_context_allocates_hardly_more_than_EF_on_a_plain_data_source()
    {
        var tenant = server.Tenants[0];
        await using var host = await EfHost.StartAsync(server.Secrets(), services => services.AddPooledTenantDbContextFactory<PooledShop>());
        var factory = host.Services.GetRequiredService<ITenantDbContextFactory<PooledShop>>();
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
        {
            Host = server.Server.Host,
            Port = server.Server.Port,
            Database = tenant.Database,
            Username = tenant.Login.User,
            Password = tenant.Login.Password,
        });
        var plain = new PooledDbContextFactory<PooledShop>(new DbContextOptionsBuilder<PooledShop>().UseNpgsql(source).Options);

        var through = Measure(() => factory.CreateDbContext(tenant.Key));
        var without = Measure(plain.CreateDbContext);

        output.WriteLine($"{through} B a query through HyperConn, {without} B without.");
        Assert.InRange(through - without, -1_000, 512);
    }

    private static long Measure(Func<PooledShop> create)
    {
        long began = 0;
        for (var i = -500; i < Queries; i++)
        {
            if (i == 0)
                began = GC.GetAllocatedBytesForCurrentThread();
            using var shop = create();
            _ = shop.Orders.AsNoTracking().FirstOrDefault(order => order.Id == -1);
        }

        return (GC.GetAllocatedBytesForCurrentThread() - began) / Queries;
    }
}
