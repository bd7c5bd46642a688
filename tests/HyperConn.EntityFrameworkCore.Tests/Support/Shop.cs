using Microsoft.EntityFrameworkCore;

namespace HyperConn.Tests.Support;

public sealed class Order
{
    public int Id { get; set; }

    public required string Tenant { get; set; }

    public List<Line> Lines { get; } = [];
}

public sealed class Line
{
    public int Id { get; set; }

    public int OrderId { get; set; }

    public required string Article { get; set; }
}

/// <summary>A shop of one tenant.</summary>
public sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    /// <summary>Whose session it is, by the server's word.</summary>
    public IQueryable<string> Schema => Database.SqlQuery<string>($"""select current_schema()::text as "Value" """);

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Order>().Property(order => order.Id).UseHiLo("order_ids");
}
