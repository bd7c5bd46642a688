using System.Globalization;
using HyperConn.Tests.Support;
using Npgsql;
using Xunit.Abstractions;

namespace HyperConn.Tests.Budgets;

[Collection(SmallServerCollection.Name)]
public class LimitTests(SmallServer server, ITestOutputHelper output)
{
    private TenantKey First => server.Tenants[0].Key;

    [SkippableTheory]
    [InlineData(0.2, 29)]
    [InlineData(0.0, 37)]
    [InlineData(0.5, 18)]
    public async Task The_limit_is_what_the_server_has_for_ordinary_users_less_headroom(double headroom, int limit)
    {
        await using var host = await server.StartAsync(o => o.Servers.Headroom = headroom);
        await UseAsync(host, First);
        Assert.Equal(limit, await LimitAsync(host, limit));
    }

    [SkippableFact]
    public async Task A_declared_number_wins()
    {
        await using var host = await server.StartAsync(o => o.Servers.MaxConnections = 7);
        await UseAsync(host, First);
        Assert.Equal(7, await LimitAsync(host, 7));
    }

    [SkippableFact]
    public async Task Without_a_limit_a_full_server_is_waited_for()
    {
        await using var host = await server.StartAsync(o =>
        {
            o.Servers.MaxConnections = ServerOptions.Unlimited;
            o.Connections.MaxPerTenant = 3;
        });
        await Task.WhenAll(server.Tenants.Take(30).SelectMany(tenant => Enumerable.Repeat(tenant.Key, 3)).Select(tenant => Task.Run(async () =>
        {
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            await Task.Delay(100);
        })));
        var statistics = (await host.Pools.GetStatisticsAsync()).Servers.Single();
        output.WriteLine($"{statistics.Refusals} refusals");
        Assert.Equal(0, statistics.TimedOut);
    }

    [SkippableTheory]
    [InlineData("role")]
    [InlineData("database")]
    public async Task A_connection_limit_of_the_role_or_database_makes_callers_wait_not_fail(string what)
    {
        var tenant = server.Tenants.First(t => t.OwnDatabase);
        var name = what == "role" ? tenant.BaseUser : tenant.Database;
        await AdminAsync($"alter {what} \"{name}\" connection limit 2");
        try
        {
            await using var host = await server.StartAsync();
            var running = 0;
            var most = 0;
            await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Task.Run(async () =>
            {
                await using var connection = await host.Pools.OpenConnectionAsync(tenant.Key);
                InterlockedMax(ref most, Interlocked.Increment(ref running));
                await server.Oracle.AssertOwnedAsync(connection, tenant.Key);
                await Task.Delay(30);
                Interlocked.Decrement(ref running);
            })));
            Assert.Equal(2, most);

            // It is the tenant's own matter: the server's ceiling stays.
            Assert.Equal(29, await LimitAsync(host, 29));
        }
        finally
        {
            await AdminAsync($"alter {what} \"{name}\" connection limit -1");
        }
    }

    [SkippableFact]
    public async Task Slots_that_another_client_takes_and_frees_delay_callers_but_fail_none()
    {
        await using var host = await server.StartAsync(o => o.Servers.Headroom = 0);
        await UseAsync(host, First);
        await LimitAsync(host, 37);
        var lowest = int.MaxValue;
        var waits = 0;
        await using var watchdog = new Watchdog(TimeSpan.FromSeconds(10));
        using var stop = new CancellationTokenSource();
        var intruder = Task.Run(async () =>
        {
            var settings = server.Server.Admin();
            settings.Pooling = false;
            while (!stop.IsCancellationRequested)
            {
                var held = new List<NpgsqlConnection>();
                for (var i = 0; i < 25; i++)
                {
                    var connection = new NpgsqlConnection(settings.ConnectionString);
                    try
                    {
                        await connection.OpenAsync();
                        held.Add(connection);
                    }
                    catch (PostgresException)
                    {
                        await connection.DisposeAsync();
                    }
                }

                for (var i = 0; i < 10; i++)
                {
                    await Task.Delay(100);
                    lowest = Math.Min(lowest, host.Server.Limit);
                }

                foreach (var connection in held)
                    await connection.DisposeAsync();
                await Task.Delay(500);
            }
        });
        await Soak.RunAsync(60, Soak.Duration(8), async (_, random) =>
        {
            var tenant = server.Tenants[random.Next(60)].Key;
            await using var connection = await host.Pools.OpenConnectionAsync(tenant);
            Interlocked.Increment(ref waits);
            await Task.Delay(random.Next(20));
            watchdog.Step();
        });
        await stop.CancelAsync();
        await intruder;
        await watchdog.AssertNoStallAsync();

        var statistics = (await host.Pools.GetStatisticsAsync()).Servers.Single();
        output.WriteLine($"{waits} served, {statistics.Refusals} refusals, lowest limit {lowest}, longest pause {watchdog.LongestPause.TotalMilliseconds:0} ms");
        Assert.True(statistics.Refusals > 0, "The server was never full.");
        Assert.True(lowest < 37, "The ceiling did not fall.");
        var fallen = host.Server.Limit;
        for (var i = 0; i < 120 && host.Server.Limit <= fallen; i++)
            await Task.Delay(100);
        Assert.True(host.Server.Limit > fallen, "The ceiling did not rise again.");
    }

    [SkippableFact]
    public async Task A_wait_that_takes_too_long_tells_the_caller_what_is_full_and_the_log_who_has_the_connections()
    {
        using var logs = new Recorder();
        await using var host = await PoolsHost.StartAsync(
            server.Secrets(),
            o =>
            {
                o.Servers.MaxConnections = 6;
                // Pools are made within it, too, on whatever machine.
                o.Pools.AcquireTimeout = TimeSpan.FromSeconds(4);
            },
            logs);
        var held = new List<NpgsqlConnection>();
        foreach (var (tenant, count) in new[] { (0, 3), (1, 2), (2, 1) })
        {
            for (var i = 0; i < count; i++)
                held.Add(await host.Pools.OpenConnectionAsync(server.Tenants[tenant].Key));
        }

        var failure = await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(server.Tenants[3].Key).AsTask());
        output.WriteLine(failure.Message);
        Assert.Equal(HyperConnErrorCode.BudgetTimedOut, failure.Code);
        Assert.Equal(server.Tenants[3].Key, failure.Tenant);
        foreach (var part in new[]
        {
            string.Create(CultureInfo.InvariantCulture, $"{server.Server.Host}:{server.Server.Port}"), "limit 6", "6 in use", "1 waiting",
        })
            Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.All(server.Tenants.Take(3), other => Assert.DoesNotContain(other.Key.ToString(), failure.Message, StringComparison.Ordinal));
        Assert.Contains(
            logs.Texts,
            line => line.Contains($"{server.Tenants[0].Key} 3, {server.Tenants[1].Key} 2, {server.Tenants[2].Key} 1", StringComparison.Ordinal));
        foreach (var connection in held)
            await connection.DisposeAsync();
        Assert.Equal(1, (await host.Pools.GetStatisticsAsync()).Servers.Single().TimedOut);
    }

    [SkippableFact]
    public async Task Too_many_waiters_of_a_tenant_or_server_are_told_at_once()
    {
        await using var host = await server.StartAsync(o =>
        {
            o.Servers.MaxConnections = 1;
            o.Servers.MaxWaitersPerTenant = 2;
            o.Servers.MaxWaitersPerServer = 3;
        });
        var held = await host.Pools.OpenConnectionAsync(First);
        using var stop = new CancellationTokenSource();
        var waiting = new List<Task>();
        foreach (var tenant in new[] { 1, 1, 2 })
        {
            waiting.Add(host.Pools.OpenConnectionAsync(server.Tenants[tenant].Key, stop.Token).AsTask());
            for (var i = 0; i < 500 && host.Server.Waiting < waiting.Count; i++)
                await Task.Delay(10);
        }

        var tenantFull = await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(server.Tenants[1].Key).AsTask());
        var serverFull = await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(server.Tenants[3].Key).AsTask());
        Assert.Equal(HyperConnErrorCode.WaitersFull, tenantFull.Code);
        Assert.Equal(HyperConnErrorCode.WaitersFull, serverFull.Code);
        Assert.Contains(server.Tenants[1].Key.ToString(), tenantFull.Message, StringComparison.Ordinal);
        Assert.Contains(server.Server.Host, serverFull.Message, StringComparison.Ordinal);

        await stop.CancelAsync();
        foreach (var wait in waiting)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        Assert.Equal(0, host.Server.Waiting);
        await held.DisposeAsync();
    }

    private static async Task UseAsync(PoolsHost host, TenantKey tenant)
    {
        await using var connection = await host.Pools.OpenConnectionAsync(tenant);
    }

    private static async Task<int?> LimitAsync(PoolsHost host, int expected)
    {
        for (var i = 0; i < 200 && host.Server.Limit != expected; i++)
            await Task.Delay(10);
        return (await host.Pools.GetStatisticsAsync()).Servers.Single().Limit;
    }

    private async Task AdminAsync(string sql)
    {
        var settings = server.Server.Admin();
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); seen < value;)
            seen = Interlocked.CompareExchange(ref target, value, seen) is var found && found == seen ? value : found;
    }
}
