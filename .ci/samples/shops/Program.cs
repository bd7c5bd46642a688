// Runs the context and the counter of docs/ef-core.md on the tenants of the README's first lesson.
var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddHyperConn(o => { o.ProjectName = "shop"; o.Services = ["core"]; });
builder.Services.AddTenantDbContext<ShopContext>(npgsql => npgsql.EnableRetryOnFailure());
builder.Services.AddAkka("app", (akka, _) => akka.WithHyperConn());
builder.Services.AddSingleton<OrderCounter>();
using var host = builder.Build();
await host.StartAsync();

// One of them gets a row through a scope's context; the other must not see it.
var beta = TenantKey.Create("core", "beta");
await using (var scope = host.Services.CreateAsyncScope())
{
    scope.ServiceProvider.GetRequiredService<ITenantAccessor>().Tenant = beta;
    var shop = scope.ServiceProvider.GetRequiredService<ShopContext>();
    shop.Orders.Add(new Order { Id = 2, Item = "parasol" });
    await shop.SaveChangesAsync();
    if (shop.Database.GetTenant() != beta)
        throw new InvalidOperationException("The scope's context is another tenant's.");
}

var found = new List<string>();
foreach (var org in new[] { "acme", "beta" })
{
    await using var shop = host.Services.GetRequiredService<ITenantDbContextFactory<ShopContext>>().CreateDbContext(TenantKey.Create("core", org));
    found.Add($"{org}: {string.Join(", ", await shop.Orders.Where(order => order.Item != null).Select(order => order.Item).OrderBy(item => item).ToListAsync())}");
}

Console.WriteLine($"{string.Join("; ", found)} ({await host.Services.GetRequiredService<OrderCounter>().CountAsync("beta", CancellationToken.None)})");
await host.StopAsync();
