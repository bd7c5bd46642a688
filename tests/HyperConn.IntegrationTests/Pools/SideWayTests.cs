using System.Diagnostics;
using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Npgsql;
using Xunit.Abstractions;

namespace HyperConn.Tests.Pools;

/// <summary>A server with a few tenants.</summary>
public sealed class FewTenants : TenantsFixture
{
    private protected override PostgresServerOptions Options => new() { MaxConnections = 100 };

    private protected override (int Tenants, int OwnDatabases) Plan => (6, 2);
}

/// <summary>Ways through the manager that are rarely gone, and must end well all the same.</summary>
public class SideWayTests(FewTenants server, ITestOutputHelper output) : IClassFixture<FewTenants>
{
    private TenantKey First => server.Tenants[0].Key;

    [SkippableFact]
    public async Task A_database_made_after_the_first_request_serves_when_the_next_try_is_due()
    {
        var late = TenantKey.Create("core", "late");
        var tenant = server.Tenants[0];
        var name = "late_" + Guid.NewGuid().ToString("N");
        var uri = tenant.ConnectionUri[..(tenant.ConnectionUri.LastIndexOf('/') + 1)] + name;
        await using var host = await PoolsHost.StartAsync(server.Secrets().Put(late, uri));
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(late).AsTask());
        Assert.Equal(HyperConnErrorCode.DatabaseUnavailable, refused.Code);
        await AdminAsync($"create database {name}");
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(6));
            output.WriteLine($"next try was due at {refused.Failure.RetryAt:O}, it is {DateTimeOffset.UtcNow:O}");
            await using var connection = await host.Pools.OpenConnectionAsync(late);
        }
        finally
        {
            await host.StopAsync();
            await AdminAsync($"drop database {name} with (force)");
        }
    }

    [SkippableFact]
    public async Task A_login_probe_that_follows_a_refused_hot_open_and_is_cancelled_leaves_the_try_to_the_next()
    {
        var tenant = server.Tenants[2];
        var uri = tenant.ConnectionUri + "?sslmode=disable";
        var secrets = server.Secrets().Put(tenant.Key, uri);
        await using var host = await PoolsHost.StartAsync(secrets, o => o.Secrets.MaxRefetchesPerMinute = 60);
        var source = await host.Pools.GetDataSourceAsync(tenant.Key);
        await (await source.OpenConnectionAsync()).DisposeAsync();
        await AdminAsync($"alter role \"{tenant.Login.User}\" password 'another'");
        try
        {
            source.Current!.DataSource.Clear();
            using var giveUp = new CancellationTokenSource();
            var caller = source.OpenConnectionAsync(giveUp.Token).AsTask();
            await Until.TrueAsync(() => source.Login.IsOpen);

            // Its second try waits for a permit that it may try with, and there its caller leaves.
            var slots = host.Server.OpenSlots;
            for (var i = 0; i < 8; i++)
                await slots.TakeAsync(default);
            await Until.TrueAsync(() => source.Current!.Waiters == 1);
            await giveUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
            slots.Release(8);
            await Until.TrueAsync(() => source.Login.MayProbe, () => "Nobody may ever log in for this tenant again.");
        }
        finally
        {
            await AdminAsync($"alter role \"{tenant.Login.User}\" password '{tenant.Login.Password.Replace("'", "''", StringComparison.Ordinal)}'");
        }
    }

    [SkippableFact]
    public async Task A_command_run_again_while_its_reader_is_open_leaves_no_lease()
    {
        await using var host = await server.StartAsync();
        var source = await host.Pools.GetDataSourceAsync(First);
        await using (var command = source.CreateCommand("select generate_series(1, 1000)"))
        {
            await using var reader = await command.ExecuteReaderAsync();
            for (var i = 0; i < 3; i++)
            {
                var thrown = await Assert.ThrowsAnyAsync<Exception>(() => command.ExecuteReaderAsync());
                output.WriteLine(thrown.GetType().Name + ": " + thrown.Message);
            }
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(0, host.Runtime.Generations.LeasesOpen);
    }

    [SkippableFact]
    public async Task The_limit_of_servers_named_together_is_read_as_well()
    {
        var tenant = server.Tenants[0];
        var uri = tenant.ConnectionUri.Replace($"@{server.Server.Host}:{server.Server.Port}", $"@127.0.0.1:{server.Server.Port},localhost:{server.Server.Port}", StringComparison.Ordinal);
        Assert.Contains("localhost", uri, StringComparison.Ordinal);
        await using var host = await PoolsHost.StartAsync(server.Secrets().Put(tenant.Key, uri), o => o.Connections.MaxPerTenant = 20);
        for (var i = 0; i < 3; i++)
            await (await host.Pools.OpenConnectionAsync(tenant.Key)).DisposeAsync();
        IReadOnlyList<ServerStatistics> servers = [];
        await Until.TrueAsync(
            async () => (servers = (await host.Pools.GetStatisticsAsync()).Servers).All(s => s.Limit > 8), () => string.Join("; ", servers));
        output.WriteLine(string.Join("; ", servers));
    }

    [SkippableFact]
    public async Task Two_organisations_whose_schemas_are_alike_in_their_first_63_bytes_do_not_share_one()
    {
        // One database, a role of each its own or not: what separates them is the schema.
        var (a, b) = (TenantKey.Create("core", new string('x', 60) + "-a"), TenantKey.Create("core", new string('x', 60) + "-b"));
        var tenant = server.Tenants.First(t => t.OwnDatabase);
        var secrets = server.Secrets().Put(a, tenant.ConnectionUri).Put(b, tenant.ConnectionUri);
        var schema = "app_" + new string('x', 59);
        var settings = server.Server.Admin(tenant.Database);
        await AdminAsync($"create schema \"{schema}\" authorization \"{tenant.BaseUser}\"", settings);
        try
        {
            await using var host = await PoolsHost.StartAsync(secrets, o => o.Schemas.Template = "app_{org}");
            var seen = new List<object?>();
            foreach (var key in new[] { a, b })
            {
                try
                {
                    await using var command = (await host.Pools.GetDataSourceAsync(key)).CreateCommand("select current_schema()::text");
                    seen.Add(await command.ExecuteScalarAsync());
                }
                catch (HyperConnException refused)
                {
                    seen.Add(refused.Tenant);
                }
            }

            output.WriteLine(string.Join(" | ", seen));
            Assert.NotEqual(seen[0], seen[1]);
        }
        finally
        {
            await AdminAsync($"drop schema \"{schema}\"", settings);
        }
    }

    [SkippableTheory]
    [InlineData("warm")]
    [InlineData("cold")]
    public async Task Blocking_opens_end_though_they_hold_every_thread_there_is(string what)
    {
        const int callers = 200;
        ThreadPool.GetMinThreads(out var before, out _);
        await using var host = await server.StartAsync(o => o.Servers.MaxConnections = 20);
        var source = await host.Pools.GetDataSourceAsync(First);
        if (what == "warm")
            await (await source.OpenConnectionAsync()).DisposeAsync();
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(() =>
        {
            using var connection = source.OpenConnection();
            using var command = new NpgsqlCommand("select 1", connection);
            command.ExecuteNonQuery();
        })));
        output.WriteLine($"{what}: {callers} blocking opens on one tenant: {clock.ElapsedMilliseconds} ms, {ThreadPool.ThreadCount} threads");
        ThreadPool.GetMinThreads(out var after, out _);
        Assert.Equal(before, after);
    }

    [SkippableFact]
    public async Task What_was_counted_as_hot_stays_counted()
    {
        var none = TenantKey.Create("core", "nowhere");
        var tenant = server.Tenants[0];
        var uri = tenant.ConnectionUri[..(tenant.ConnectionUri.LastIndexOf('/') + 1)] + "no_such_database";
        await using var host = await PoolsHost.StartAsync(server.Secrets().Put(none, uri));
        for (var i = 0; i < 50; i++)
            await (await host.Pools.OpenConnectionAsync(First)).DisposeAsync();
        var before = await host.Pools.GetStatisticsAsync();
        for (var i = 0; i < 40; i++)
            await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(none).AsTask());
        var after = await host.Pools.GetStatisticsAsync();
        output.WriteLine($"hot {before.HotAcquisitions} -> {after.HotAcquisitions}, cold {before.ColdAcquisitions} -> {after.ColdAcquisitions}, failed {after.FailedAcquisitions}");
        Assert.True(after.HotAcquisitions >= before.HotAcquisitions, "A counter went back.");
    }

    private async Task AdminAsync(string sql, NpgsqlConnectionStringBuilder? settings = null)
    {
        settings ??= server.Server.Admin();
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
