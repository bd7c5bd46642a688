using Microsoft.EntityFrameworkCore;

namespace HyperConn.Chaos.World;

/// <summary>A row of a tenant's table.</summary>
internal sealed class ChaosEvent
{
    public long Id { get; set; }

    public required string Tenant { get; set; }

    public required string Payload { get; set; }
}

/// <summary>What a tenant has, for Entity Framework.</summary>
internal sealed class ChaosContext(DbContextOptions<ChaosContext> options) : DbContext(options)
{
    public DbSet<ChaosEvent> Events => Set<ChaosEvent>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<ChaosEvent>(row =>
    {
        row.ToTable("events");
        row.Property(e => e.Id).HasColumnName("id").UseIdentityAlwaysColumn();
        row.Property(e => e.Tenant).HasColumnName("tenant");
        row.Property(e => e.Payload).HasColumnName("payload");
    });
}
