// What the samples of docs/ef-core.md and docs/aspnetcore.md take for granted.
global using System.ComponentModel.DataAnnotations.Schema;
global using Akka.Hosting;
global using HyperConn;
global using HyperConn.EntityFrameworkCore;
global using Microsoft.EntityFrameworkCore;
global using static Surroundings;

[Table("orders")]
public sealed class Order
{
    [Column("id")]
    public long Id { get; set; }

    [Column("item")]
    public string? Item { get; set; }
}

public static class Surroundings
{
    public static ITenantDbContextFactory<ShopContext> shops => throw new InvalidOperationException();

    public static IProgress<TenantMigrationProgress> progress => throw new InvalidOperationException();

    public static CancellationToken stop => CancellationToken.None;
}
