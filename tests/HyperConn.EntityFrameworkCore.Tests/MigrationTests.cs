using System.Collections.Concurrent;
using HyperConn.EntityFrameworkCore;
using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>Each test begins with tenants that have nothing of the migrations.</summary>
[Collection(ShopServerCollection.Name)]
public class MigrationTests(ShopServer server)
{
    [SkippableFact]
    public async Task Three_broken_tenants_of_two_hundred_do_not_stop_the_rest_and_the_next_run_does_what_is_left()
    {
        ProvisionedTenant[] broken = [server.Tenants[10], server.Tenants[77], server.Tenants[150]];
        var (secrets, seen) = (server.Secrets(), new ConcurrentQueue<TenantMigrationProgress>());
        await using (var before = await StartAsync(server.Secrets(), Roomy))
            await ResetAsync(before, server.Tenants);

        // A table in the way, a wrong password, a secret that is none.
        await SqlAsync(broken[0], """create table "Parcels" (x int)""");
        secrets.Put(broken[1].Key, $"postgresql://{broken[1].Login.User}:canary-7@{server.Server.Host}:{server.Server.Port}/{broken[1].Database}");
        secrets.Put(broken[2].Key, "canary-8");
        await using var host = await StartAsync(secrets, Roomy);
        var report = await Parcels(host).MigrateAllAsync(new MigrateAllOptions { MaxParallelism = 16, Progress = new Told(seen.Enqueue) });

        Assert.False(report.Succeeded);
        Assert.Equal((197, 3), (report.Count(TenantMigrationStatus.Migrated), report.Failures.Count()));
        Assert.Equal(
            [(broken[0].Key, "42P07"), (broken[1].Key, "LoginRefused"), (broken[2].Key, "SecretMalformed")],
            report.Failures.Select(failure => (failure.Tenant, failure.Code!)).OrderBy(failure => failure.Tenant.Org));
        Assert.All(report.Results.Where(r => r.Status == TenantMigrationStatus.Migrated), r => Assert.Equal([ParcelModels.First, ParcelModels.Second], r.Applied));
        Assert.DoesNotContain("canary", string.Concat(report.Results.Select(r => r.Message)), StringComparison.Ordinal);
        Assert.Equal((200, 3), (seen.Max(told => told.Done), seen.Max(told => told.Failed)));
        Assert.Equal(0, await host.LeasesAsync());

        // The type made a moment ago is known to the tenant's pool.
        await using (var parcels = Parcels(host).CreateDbContext(server.Tenants.First(t => t.OwnDatabase).Key))
        {
            parcels.Add(new Parcel { Address = "here", Size = Size.Large });
            await parcels.SaveChangesAsync();
            Assert.Equal(1, await parcels.Parcels.CountAsync(parcel => parcel.Size == Size.Large));
        }

        await SqlAsync(broken[0], """drop table "Parcels" """);
        foreach (var tenant in broken)
        {
            secrets.Put(tenant.Key, tenant.ConnectionUri);
            await host.Pools.RefreshAsync(tenant.Key);
        }

        var again = await Parcels(host).MigrateAllAsync(new MigrateAllOptions { MaxParallelism = 16 });
        Assert.True(again.Succeeded, string.Join(", ", again.Failures));
        Assert.Equal((3, 197), (again.Count(TenantMigrationStatus.Migrated), again.Count(TenantMigrationStatus.UpToDate)));
    }

    [SkippableFact]
    public async Task Two_runners_at_once_apply_each_migration_once()
    {
        var tenants = server.Tenants.Take(24).ToList();
        await using var one = await StartAsync(server.Secrets());
        await using var two = await StartAsync(server.Secrets());
        await ResetAsync(one, tenants);
        MigrateAllOptions Options() => new() { Tenants = [.. tenants.Select(t => t.Key)], MaxParallelism = 4 };

        var reports = await Task.WhenAll(Parcels(one).MigrateAllAsync(Options()), Parcels(two).MigrateAllAsync(Options()));

        Assert.All(reports, report => Assert.True(report.Succeeded, string.Join(", ", report.Failures)));
        foreach (var tenant in tenants)
        {
            var applied = reports.SelectMany(report => report.Results.Single(r => r.Tenant == tenant.Key).Applied);
            Assert.Equal([ParcelModels.First, ParcelModels.Second], applied.Order());
        }
    }

    [SkippableFact]
    public async Task A_runner_that_another_overtakes_between_two_migrations_fails_nothing_and_says_what_it_did_itself()
    {
        var tenants = server.Tenants.Take(1).ToList();
        var options = new MigrateAllOptions { Tenants = [tenants[0].Key] };
        await using var other = await StartAsync(server.Secrets());
        await ResetAsync(other, tenants);
        var overtaking = new AfterCommit<TenantMigrationReport>(async () =>
        {
            await using var parcels = Parcels(other).CreateDbContext(tenants[0].Key);
            return (await parcels.Database.GetAppliedMigrationsAsync()).Count() == 1 ? await Parcels(other).MigrateAllAsync(options) : null;
        });
        await using var host = await EfHost.StartAsync(
            server.Secrets(), services => services.AddTenantDbContextFactory<ParcelContext>(n => n.MapEnum<Size>("size"), (_, o) => o.AddInterceptors(overtaking)));

        var report = await Parcels(host).MigrateAllAsync(options);

        Assert.True(report.Succeeded, string.Join(", ", report.Failures));
        Assert.Equal([ParcelModels.First], report.Results.Single().Applied);
        Assert.Equal([ParcelModels.Second], overtaking.Result!.Results.Single().Applied);
    }

    [SkippableFact]
    public async Task A_dry_run_writes_nothing_and_its_scripts_do_what_the_migrations_would()
    {
        var tenants = server.Tenants.Take(3).ToList();
        await using var host = await StartAsync(server.Secrets());
        await ResetAsync(host, tenants);
        TenantKey[] keys = [.. tenants.Select(t => t.Key)];
        await Parcels(host).MigrateAllAsync(new MigrateAllOptions { Tenants = [keys[1]], TargetMigration = "First" });
        await Parcels(host).MigrateAllAsync(new MigrateAllOptions { Tenants = [keys[2]] });
        var before = await ContentsAsync(tenants);

        var report = await Parcels(host).MigrateAllAsync(new MigrateAllOptions { Tenants = keys, DryRun = true });

        Assert.Equal(before, await ContentsAsync(tenants));
        Assert.Equal(
            [TenantMigrationStatus.Scripted, TenantMigrationStatus.Scripted, TenantMigrationStatus.UpToDate], report.Results.Select(r => r.Status));
        Assert.Equal([ParcelModels.Second], report.Results[1].Applied);
        Assert.DoesNotContain("create table", report.Results[1].Script, StringComparison.Ordinal);
        await SqlAsync(tenants[0], report.Results[0].Script!);
        await SqlAsync(tenants[1], report.Results[1].Script!);
        var after = await Parcels(host).MigrateAllAsync(new MigrateAllOptions { Tenants = keys });
        Assert.Equal(3, after.Count(TenantMigrationStatus.UpToDate));
    }

    [SkippableFact]
    public async Task A_run_that_is_cancelled_says_how_far_it_came_and_leaves_no_half_migration()
    {
        var tenants = server.Tenants.Take(12).ToList();
        await using var host = await StartAsync(server.Secrets());
        await ResetAsync(host, tenants);
        await WithHistoryAsync(host, tenants[5]);
        using var stop = new CancellationTokenSource();
        TenantKey[] keys = [.. tenants.Select(t => t.Key)];

        // The sixth waits for a lock until it is cancelled.
        await using var admin = NpgsqlDataSource.Create(server.Server.Admin(tenants[5].Database));
        await using var holder = await admin.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var lockIt = new NpgsqlCommand($"""lock table "{tenants[5].Schema}"."__EFMigrationsHistory" in access exclusive mode""", holder);
        await lockIt.ExecuteNonQueryAsync();
        var report = await Parcels(host).MigrateAllAsync(
            new MigrateAllOptions { Tenants = keys, MaxParallelism = 1, Progress = new Told(told => { if (told.Done == 5) stop.CancelAfter(500); }) }, stop.Token);
        await transaction.RollbackAsync();

        Assert.Equal((5, 7), (report.Count(TenantMigrationStatus.Migrated), report.Count(TenantMigrationStatus.Pending)));
        Assert.False(report.Succeeded);
        Assert.Equal(0, await host.LeasesAsync());
        var rest = await Parcels(host).MigrateAllAsync(new MigrateAllOptions { Tenants = keys });
        Assert.Equal((5, 7), (rest.Count(TenantMigrationStatus.UpToDate), rest.Count(TenantMigrationStatus.Migrated)));
    }

    [SkippableFact]
    public async Task A_tenant_that_takes_too_long_fails_alone_and_one_whose_session_is_killed_is_tried_again()
    {
        var tenants = server.Tenants.Take(2).ToList();
        await using var host = await StartAsync(server.Secrets());
        await ResetAsync(host, tenants);
        await WithHistoryAsync(host, tenants[0]);
        await WithHistoryAsync(host, tenants[1]);
        await using var admin = NpgsqlDataSource.Create(server.Server.Admin(tenants[0].Database));
        await using var holder = await admin.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var lockThem = new NpgsqlCommand(
            string.Concat(tenants.Select(t => $"lock table \"{t.Schema}\".\"__EFMigrationsHistory\" in share row exclusive mode;")), holder);
        await lockThem.ExecuteNonQueryAsync();

        var late = await Parcels(host).MigrateAllAsync(new MigrateAllOptions { Tenants = [tenants[0].Key], TenantTimeout = TimeSpan.FromSeconds(1) });
        var running = Parcels(host).MigrateAllAsync(new MigrateAllOptions { Tenants = [tenants[1].Key] });
        await Until.TrueAsync(async () =>
        {
            await using var kill = admin.CreateCommand(
                $"select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = '{tenants[1].Login.User}' and wait_event_type = 'Lock'");
            return (long)(await kill.ExecuteScalarAsync())! == 1;
        });
        await transaction.RollbackAsync();

        Assert.Equal("Timeout", late.Failures.Single().Code);
        var result = (await running).Results.Single();
        Assert.Equal((TenantMigrationStatus.Migrated, 2), (result.Status, result.Attempts));
    }

    [SkippableFact]
    public async Task What_is_wrong_for_every_tenant_is_said_once()
    {
        await using var host = await EfHost.StartAsync(server.Secrets());
        await using var parcels = await StartAsync(server.Secrets());

        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Shops.MigrateAllAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => Parcels(parcels).MigrateAllAsync(new MigrateAllOptions { TargetMigration = "Third" }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Parcels(parcels).MigrateAllAsync(new MigrateAllOptions { MaxParallelism = 0 }));
    }

    [SkippableFact]
    public async Task An_organisation_without_the_service_is_no_failure_where_tenants_were_listed()
    {
        Assert.NotEmpty(server.Tenants);
        var secrets = new MemorySecretStore().With(server.Tenants.Take(1)).Put(TenantKey.Create("billing", "elsewhere"), "postgresql://a@b/c");
        await using var host = await StartAsync(secrets);

        var listed = await Parcels(host).MigrateAllAsync();
        var named = await Parcels(host).MigrateAllAsync(new MigrateAllOptions { Tenants = [TenantKey.Create("core", "elsewhere")] });

        Assert.True(listed.Succeeded, string.Join(", ", listed.Failures));
        Assert.Equal(1, listed.Count(TenantMigrationStatus.Absent));
        Assert.Equal("KeyNotFound", named.Failures.Single().Code);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EFs_own_Migrate_works_on_one_tenant(bool async)
    {
        var tenant = server.Spare[0];
        await server.EmptyAsync(tenant);
        await using var host = await StartAsync(server.Secrets().With([tenant]));
        await using var parcels = Parcels(host).CreateDbContext(tenant.Key);

        if (async)
            await parcels.Database.MigrateAsync();
        else
            parcels.Database.Migrate();

        Assert.Empty(await parcels.Database.GetPendingMigrationsAsync());
        parcels.Add(new Parcel { Address = "there", Size = Size.Large });
        Assert.Equal(1, await parcels.SaveChangesAsync());
    }

    private static ITenantDbContextFactory<ParcelContext> Parcels(EfHost host) => host.Services.GetRequiredService<ITenantDbContextFactory<ParcelContext>>();

    private static Task<EfHost> StartAsync(MemorySecretStore secrets, Action<HyperConnOptions>? configure = null) => EfHost.StartAsync(
        secrets, services => services.AddTenantDbContextFactory<ParcelContext>(n => n.MapEnum<Size>("size")), configure);

    private static async Task ResetAsync(EfHost host, IEnumerable<ProvisionedTenant> tenants)
    {
        var report = await Parcels(host).MigrateAllAsync(
            new MigrateAllOptions { Tenants = [.. tenants.Select(t => t.Key)], TargetMigration = "0", MaxParallelism = 16 });
        Assert.True(report.Succeeded, string.Join(", ", report.Failures));
    }

    // Sessions load the types of two hundred tenants otherwise.
    private static void Roomy(HyperConnOptions o) => (o.Servers.MaxConnections, o.Connections.ShareTypes) = (30, true);

    /// <summary>Makes sure of a history that can be locked.</summary>
    private static async Task WithHistoryAsync(EfHost host, ProvisionedTenant tenant)
    {
        await using var parcels = Parcels(host).CreateDbContext(tenant.Key);
        await parcels.Database.ExecuteSqlRawAsync(
            """create table if not exists "__EFMigrationsHistory" ("MigrationId" varchar(150) primary key, "ProductVersion" varchar(32) not null)""");
    }

    private async Task SqlAsync(ProvisionedTenant tenant, string sql)
    {
        await using var source = NpgsqlDataSource.Create(Settings(tenant));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private string Settings(ProvisionedTenant tenant) => new NpgsqlConnectionStringBuilder
    {
        Host = server.Server.Host,
        Port = server.Server.Port,
        Database = tenant.Database,
        Username = tenant.Login.User,
        Password = tenant.Login.Password,
        Pooling = false,
    }.ConnectionString;

    private async Task<string> ContentsAsync(List<ProvisionedTenant> tenants)
    {
        await using var admin = NpgsqlDataSource.Create(server.Server.Admin(tenants[0].Database));
        await using var command = admin.CreateCommand(
            "select string_agg(concat(nspname, '.', relname, ':', relnatts, ':', relfilenode), ' ' order by nspname, relname) from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = any($1)");
        command.Parameters.AddWithValue(tenants.Select(t => t.Schema).ToArray());
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private sealed class Told(Action<TenantMigrationProgress> tell) : IProgress<TenantMigrationProgress>
    {
        public void Report(TenantMigrationProgress value) => tell(value);
    }
}
