using Microsoft.EntityFrameworkCore;

namespace WebShop;

/// <summary>One tenant's shop. Nothing here knows which.</summary>
internal sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
{
    public DbSet<Product> Products => Set<Product>();

    public DbSet<Order> Orders => Set<Order>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Product>().Property(product => product.Price).HasPrecision(10, 2);
        modelBuilder.Entity<Order>().Property(order => order.At).HasDefaultValueSql("now()");
    }
}

/// <summary>Something to buy.</summary>
internal sealed class Product
{
    public int Id { get; set; }

    public required string Name { get; set; }

    public decimal Price { get; set; }
}

/// <summary>Somebody bought something.</summary>
internal sealed class Order
{
    public long Id { get; set; }

    public Product Product { get; set; } = null!;

    public int ProductId { get; set; }

    public int Pieces { get; set; }

    public DateTime At { get; set; }
}
