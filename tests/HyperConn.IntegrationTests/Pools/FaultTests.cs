using System.Net;
using System.Net.Sockets;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class FaultTests(RoomyServer server)
{
    private static readonly TenantKey Broken = TenantKey.Create("core", "broken");

    private TenantKey Good => server.Tenants[2].Key;

    [SkippableTheory]
    [InlineData("host", HyperConnErrorCode.ServerUnreachable, "connection was refused")]
    [InlineData("name", HyperConnErrorCode.ServerUnreachable, "does not resolve")]
    [InlineData("password", HyperConnErrorCode.LoginRefused, "28P01")]
    [InlineData("user", HyperConnErrorCode.LoginRefused, "'nobody_at_all'")]
    [InlineData("database", HyperConnErrorCode.DatabaseUnavailable, "'no_such_database'")]
    [InlineData("foreign database", HyperConnErrorCode.DatabaseUnavailable, "CONNECT")]
    [InlineData("tls", HyperConnErrorCode.ConnectionFailed, "does not speak TLS")]
    [InlineData("option", HyperConnErrorCode.ConnectionFailed, "no_such_setting")]
    public async Task What_cannot_work_is_named_and_hurts_nobody_else(string what, HyperConnErrorCode code, string cause)
    {
        // Bound for as long as the test lasts, so that nobody else listens there; connections to it are refused.
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var closedPort = ((IPEndPoint)closed.LocalEndPoint!).Port;
        var tenant = server.Tenants.First(t => t.OwnDatabase);
        var other = server.Tenants.Last(t => t.OwnDatabase);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = what == "name" ? "no-such-host.invalid" : server.Server.Host,
            SslMode = what == "tls" ? SslMode.Require : SslMode.Prefer,
            Options = what == "option" ? "-c no_such_setting=1" : null,
            Port = what == "host" ? closedPort : server.Server.Port,
            Username = what == "user" ? "nobody_at_all" : tenant.Login.User,
            Password = what == "password" ? "not this one" : tenant.Login.Password,
            Database = what switch { "database" => "no_such_database", "foreign database" => other.Database, _ => tenant.Database },
        };
        var secrets = server.Secrets().Put(Broken, settings.ConnectionString);
        await using var host = await PoolsHost.StartAsync(secrets, o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(6));

        var failure = await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(Broken).AsTask());
        Assert.Equal(code, failure.Code);
        Assert.Equal(Broken, failure.Tenant);
        Assert.Contains(cause, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(settings.Password, failure.ToString(), StringComparison.Ordinal);

        await using var connection = await host.Pools.OpenConnectionAsync(Good);
        await server.Oracle.AssertOwnedAsync(connection, Good);
        Assert.Equal(1, host.Runtime.Generations.LeasesOpen);
        Assert.All(host.Runtime.Servers.Values, s => Assert.Equal(0, s.Waiting));
    }

    [SkippableFact]
    public async Task Who_waits_for_the_tenants_own_connections_is_not_told_of_the_servers_limit()
    {
        await using var host = await PoolsHost.StartAsync(server.Secrets(), o =>
        {
            o.Connections.MaxPerTenant = 1;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(2);
        });
        await using var held = await host.Pools.OpenConnectionAsync(Good);
        var failure = await Assert.ThrowsAsync<HyperConnException>(() => host.Pools.OpenConnectionAsync(Good).AsTask());
        Assert.Equal(HyperConnErrorCode.BudgetTimedOut, failure.Code);
        Assert.Contains("MaxPerTenant", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Servers:MaxConnections", failure.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Cancelled_while_its_secret_is_looked_up_a_caller_goes_alone()
    {
        var gate = new TaskCompletionSource();
        var secrets = server.Secrets();
        secrets.Delay = token => gate.Task.WaitAsync(token);
        await using var host = await PoolsHost.StartAsync(secrets);
        using var stop = new CancellationTokenSource();
        var cancelled = Enumerable.Range(0, 5).Select(_ => host.Pools.OpenConnectionAsync(Good, stop.Token).AsTask()).ToArray();
        var staying = Enumerable.Range(0, 5).Select(_ => host.Pools.OpenConnectionAsync(Good).AsTask()).ToArray();
        await stop.CancelAsync();
        foreach (var caller in cancelled)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        gate.SetResult();
        foreach (var connection in await Task.WhenAll(staying))
            await connection.DisposeAsync();

        Assert.Equal(1, secrets.CallsFor(Good));
        await AssertAllFreeAsync(host, Good);
    }

    [SkippableFact]
    public async Task Cancelled_while_it_waits_for_a_permit_a_caller_takes_none()
    {
        await using var host = await server.StartAsync(o => o.Servers.MaxConnections = 1);
        var held = await host.Pools.OpenConnectionAsync(server.Tenants[3].Key);
        using var stop = new CancellationTokenSource();
        var cancelled = Enumerable.Range(0, 5).Select(_ => host.Pools.OpenConnectionAsync(Good, stop.Token).AsTask()).ToArray();
        var staying = Enumerable.Range(0, 5).Select(async _ => await (await host.Pools.OpenConnectionAsync(Good)).DisposeAsync()).ToArray();
        await Until.TrueAsync(() => host.Server.Waiting == 10);
        await stop.CancelAsync();
        foreach (var caller in cancelled)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        await held.DisposeAsync();
        await Task.WhenAll(staying);

        await AssertAllFreeAsync(host, Good);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancelled_while_its_connection_is_opened_a_caller_leaves_the_permit_to_others(bool hot)
    {
        var gate = new TaskCompletionSource();
        gate.SetResult();
        await using var host = await server.StartAsync(o =>
        {
            o.Servers.MaxConnections = 1;
            o.Connections.ConfigureDataSource = (tenant, builder) =>
            {
                if (tenant == Good)
                    builder.UsePhysicalConnectionInitializer(_ => { }, _ => Volatile.Read(ref gate).Task);
            };
        });
        var source = await host.Pools.GetDataSourceAsync(Good);
        if (hot)
        {
            // The permit stays, its connection goes: the next open is on the hot path and goes to the network.
            await (await source.OpenConnectionAsync()).DisposeAsync();
            source.Current!.DataSource.Clear();
        }

        Volatile.Write(ref gate, new TaskCompletionSource());
        using var stop = new CancellationTokenSource();
        var cancelled = source.OpenConnectionAsync(stop.Token).AsTask();
        var staying = host.Pools.OpenConnectionAsync(server.Tenants[3].Key).AsTask();
        await Task.Delay(200);
        Assert.False(cancelled.IsCompleted);
        await stop.CancelAsync();
        gate.SetResult();
        try
        {
            await (await cancelled).DisposeAsync();
        }
        catch (OperationCanceledException)
        {
            // Either is right: the initialiser does not know the token.
        }

        await using (var connection = await staying)
            await server.Oracle.AssertOwnedAsync(connection, server.Tenants[3].Key);
        await AssertAllFreeAsync(host, Good);
    }

    [SkippableFact]
    public async Task A_caller_that_goes_right_after_its_connection_opened_leaves_no_session_without_a_permit()
    {
        await using var host = await server.StartAsync();
        await using var watch = new SessionWatch(server.Server, server.Provisioner, () => host.Runtime.Servers.Values.SingleOrDefault());
        await Soak.RunAsync(16, Soak.Duration(4), async (_, random) =>
        {
            var tenant = server.Tenants[random.Next(50)].Key;
            using var patience = new CancellationTokenSource(random.Next(40));
            try
            {
                await using var connection = await host.Pools.OpenConnectionAsync(tenant, patience.Token);
            }
            catch (OperationCanceledException)
            {
                // The point of it.
            }

            if (random.Next(3) == 0)
                await host.Pools.EvictAsync(tenant);
        });
        await Until.TrueAsync(() => host.Runtime.Generations.LeasesOpen == 0);
        await Until.TrueAsync(async () => await watch.CountAsync() <= host.Server.Granted, () => "A session has no permit.");
        watch.AssertNeverExceeded();
    }

    [SkippableFact]
    public async Task Disposing_a_handle_does_nothing_however_often()
    {
        await using var host = await server.StartAsync();
        var source = await host.Pools.GetDataSourceAsync(Good);
        source.Dispose();
        await source.DisposeAsync();
        source.Dispose();
        await using var connection = await source.OpenConnectionAsync();
        await server.Oracle.AssertOwnedAsync(connection, Good);
    }

    private static async Task AssertAllFreeAsync(PoolsHost host, TenantKey tenant)
    {
        await using (await host.Pools.OpenConnectionAsync(tenant))
        {
        }

        Assert.Equal(0, host.Runtime.Generations.LeasesOpen);
        Assert.Equal(0, host.Server.Waiting);
        await Until.TrueAsync(
            async () =>
            {
                var one = (await host.Pools.GetStatisticsAsync()).Servers.Single();
                return one.Opening == 0 && one.IdleHeld == host.Runtime.Generations.Sum(generation => generation.Word.Permits);
            },
            () => "A permit is lost.");
    }
}
