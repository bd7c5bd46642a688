using System.Diagnostics;
using HyperConn.Benchmarks.Running;
using HyperConn.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Entity Framework Core through HyperConn, beside the same on plain connection strings; pooled contexts on both sides.</summary>
internal sealed class EntityFramework : Measure
{
    private const int Count = 200;
    private const int Slots = Count + 20;
    private const int QueriesEach = 10;
    private const int AtOnce = 32;
    private const int Repetitions = 100;

    public override string Name => "entity-framework";

    public override int DefaultRounds => 7;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(Count, Slots);
        var settings = tenants.SettingsWith(2);
        foreach (var tenant in tenants.Keys)
            await FillAsync(settings[(tenant.Service, tenant.Org)]);
        var first = tenants.Keys[0];

        await using (var manager = await StartAsync())
        {
            var ours = manager.Services.GetRequiredService<ITenantDbContextFactory<EventContext>>();
            var plain = Plain(settings[(first.Service, first.Org)].ConnectionString);
            Func<EventContext> rival = plain.CreateDbContext;
            var mine = () => ours.CreateDbContext(first);
            var hot = await Comparison.RunAsync(20 * rounds, () => TimeAsync(rival), () => TimeAsync(mine), warmUp: 20);
            yield return RatioRow("EF Core, query by primary key, hot", "EF Core on a plain connection string", hot, Units.Milliseconds, 1.05);

            // On one thread, so that all that is allocated is counted.
            var (a, b) = (Allocated(rival), Allocated(mine));
            yield return new Row(
                "the same, allocated per query (blocking)", "the same", Units.Bytes(a), Units.Bytes(b), null, "", "0 B more", b <= a);
            NpgsqlConnection.ClearAllPools();
        }

        await tenants.QuietAsync();
        var round = 0;
        var cold = await Comparison.RunAsync(
            rounds,
            async () =>
            {
                // Npgsql keeps a connection string's pool, and the types that it knows, for as long as the process lives: another string, another pool.
                round++;
                var sources = tenants.Keys.ToDictionary(tenant => tenant, tenant => Plain(Named(settings[(tenant.Service, tenant.Org)], round)));
                var took = await AllAsync(tenants.Keys, tenant => sources[tenant].CreateDbContext());
                NpgsqlConnection.ClearAllPools();
                await tenants.QuietAsync();
                return took;
            },
            async () =>
            {
                await using var manager = await StartAsync();
                var ours = manager.Services.GetRequiredService<ITenantDbContextFactory<EventContext>>();
                var took = await AllAsync(tenants.Keys, tenant => ours.CreateDbContext(tenant));
                await manager.DisposeAsync();
                await tenants.QuietAsync();
                return took;
            });
        yield return RatioRow(
            "EF Core, 200 cold tenants, 10 queries each, 32 tenants at once", "EF Core on a plain connection string each", cold, Units.Milliseconds, 1.0);

        Task<Manager> StartAsync() => Manager.StartAsync(
            tenants.Store(),
            o =>
            {
                o.Servers.MaxConnections = Slots - 10;
                o.Connections.MaxPerTenant = 2;
            },
            services: services => services.AddPooledTenantDbContextFactory<EventContext>(options: (_, builder) => builder.EnableThreadSafetyChecks(false)));
    }

    private static PooledDbContextFactory<EventContext> Plain(string connection) =>
        new(new DbContextOptionsBuilder<EventContext>().UseNpgsql(connection).EnableThreadSafetyChecks(false).Options);

    private static string Named(NpgsqlConnectionStringBuilder settings, int round) =>
        new NpgsqlConnectionStringBuilder(settings.ConnectionString) { ApplicationName = FormattableString.Invariant($"bare{round}") }.ConnectionString;

    private static async Task FillAsync(NpgsqlConnectionStringBuilder settings)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("insert into events (tenant, payload) values ('t', 'p')", connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<double> TimeAsync(Func<EventContext> create)
    {
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < Repetitions; i++)
            await QueryAsync(create);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds / Repetitions;
    }

    private static double Allocated(Func<EventContext> create)
    {
        Query(create);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Repetitions; i++)
            Query(create);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Repetitions;
    }

    private static async Task<double> AllAsync(IReadOnlyList<TenantKey> tenants, Func<TenantKey, EventContext> create)
    {
        var began = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(tenants, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (tenant, _) =>
        {
            for (var i = 0; i < QueriesEach; i++)
                await QueryAsync(() => create(tenant));
        });
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task QueryAsync(Func<EventContext> create)
    {
        await using var context = create();
        if (await context.Events.SingleOrDefaultAsync(row => row.Id == 1) is null)
            throw new InvalidOperationException();
    }

    private static void Query(Func<EventContext> create)
    {
        using var context = create();
        if (context.Events.SingleOrDefault(row => row.Id == 1) is null)
            throw new InvalidOperationException();
    }
}

/// <summary>The table that each tenant of the demo has.</summary>
internal sealed class EventContext(DbContextOptions<EventContext> options) : DbContext(options)
{
    public DbSet<EventRow> Events => Set<EventRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<EventRow>(row =>
    {
        row.ToTable("events");
        row.Property(e => e.Id).HasColumnName("id");
        row.Property(e => e.Tenant).HasColumnName("tenant");
        row.Property(e => e.Payload).HasColumnName("payload");
    });
}

/// <summary>One row of it.</summary>
internal sealed class EventRow
{
    public long Id { get; set; }

    public required string Tenant { get; set; }

    public required string Payload { get; set; }
}
