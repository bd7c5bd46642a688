using Akka.Hosting;
using HyperConn;
using Microsoft.EntityFrameworkCore;
using WebShop;

var builder = WebApplication.CreateBuilder(args);

// acme.localhost is the shop of acme: section "HyperConn" of appsettings.json has the rest.
builder.Services.AddHyperConn()
    .WithTenantFromHost("{org}.localhost")
    .WithTenantProblemDetails();
builder.Services.AddTenantDbContextPool<ShopContext>(npgsql => npgsql.EnableRetryOnFailure());
builder.Services.AddAkka("webshop", (akka, _) => akka.WithHyperConn());
builder.Services.AddProblemDetails();
builder.Services.AddHealthChecks().AddHyperConn();

var app = builder.Build();
app.UseExceptionHandler();
app.UseTenant();
app.MapHyperConnHealth();

var shop = app.MapGroup("").RequireTenant();
shop.MapGet("/", async (ShopContext context, ITenantAccessor tenant, CancellationToken stop) =>
{
    var products = await context.Products.OrderBy(product => product.Name).ToListAsync(stop);
    var session = await context.Database
        .SqlQuery<Session>($"select current_user as \"User\", current_database() as \"Database\", current_schema() as \"Schema\"")
        .SingleAsync(stop);
    return Results.Content(ShopPage.Of(tenant.Required, session, products), "text/html; charset=utf-8");
});
shop.MapGet("/products", (ShopContext context) => context.Products.OrderBy(product => product.Id).AsAsyncEnumerable());
shop.MapPost("/products", async (NewProduct offer, ShopContext context, CancellationToken stop) =>
{
    var product = new Product { Name = offer.Name, Price = offer.Price };
    context.Products.Add(product);
    await context.SaveChangesAsync(stop);
    return Results.Created($"/products/{product.Id}", product);
});
shop.MapPost("/products/{id:int}/orders", async (int id, int pieces, ShopContext context, CancellationToken stop) =>
{
    if (pieces is < 1 or > 1_000 || !await context.Products.AnyAsync(product => product.Id == id, stop))
        return Results.Problem("There is no such product, or pieces is not 1 to 1,000.", statusCode: StatusCodes.Status400BadRequest);
    context.Orders.Add(new Order { ProductId = id, Pieces = pieces });
    await context.SaveChangesAsync(stop);
    return Results.NoContent();
});
shop.MapGet("/orders", (ShopContext context) => context.Orders
    .OrderBy(order => order.Id)
    .Select(order => new { order.Id, order.Product.Name, order.Pieces, Amount = order.Pieces * order.Product.Price })
    .AsAsyncEnumerable());

await app.RunAsync();

/// <summary>What a caller says of a product; its number is the shop's to give.</summary>
internal sealed record NewProduct(string Name, decimal Price);
