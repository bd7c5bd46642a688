using System.Net;
using System.Net.Sockets;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>What one tenant or one server suffers from, the others don't feel.</summary>
[Collection(FailureCollection.Name)]
public sealed class NeighbourSpecs(ITestOutputHelper output)
{
    [SkippableFact]
    public async Task A_wrong_password_among_a_hundred_tenants_costs_four_logins_a_minute_at_most_and_the_others_nothing()
    {
        await using var scene = await FailureServer.StartAsync(20);
        var wrong = TenantKey.Create("core", "wrong");
        var user = scene.Tenants.Tenants[0].BaseUser;
        scene.Put(wrong, $"postgresql://{user}:not-it@127.0.0.1:{scene.Server.Port}/{scene.Tenants.Tenants[0].Database}");
        var others = new List<TenantKey>();
        for (var i = 0; i < 99; i++)
        {
            others.Add(TenantKey.Create("core", $"sound{i}"));
            scene.Put(others[i], scene.Tenants.Tenants[1 + (i % 19)].ConnectionUri);
        }

        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options => options.Pools.MaxPools = 200);
        await using var calm = Load.Start(16, number => manager.AskAsync(others[number % 99]));
        await calm.PassAsync(1_000);
        await calm.StopAsync();
        await using var load = Load.Start(16, number => manager.AskAsync(others[number % 99]));
        await using var bad = Load.Start(16, _ => manager.AskAsync(wrong));
        await Task.Delay(Soak.Duration(12));
        await load.StopAsync();
        await bad.StopAsync();

        var logins = await scene.MostInAMinuteAsync($"password authentication failed for user \"{user}\"");
        output.WriteLine(
            $"p99 of the others {calm.Percentile(0.99):0.0} ms alone, {load.Percentile(0.99):0.0} ms beside; {logins} logins in a minute, {bad.Faults.Count} refusals, "
            + $"{scene.Secrets.Calls.Count(call => call.Body.ToJsonString().Contains("\"rotating-wrong\"", StringComparison.Ordinal))} fetches");
        load.AssertNoFaults();
        Assert.Equal(0, bad.Done);
        Assert.All(bad.Faults, fault => Assert.Equal(HyperConnErrorCode.LoginRefused, Assert.IsType<HyperConnException>(fault).Code));
        Assert.InRange(logins, 2, 4);
        var shown = await manager.StatisticsAsync(wrong);
        Assert.Equal((CircuitState.Open, HyperConnErrorCode.LoginRefused), (shown.Circuit, shown.LastFailure?.Code));
        Assert.NotNull(shown.LastFailure!.RetryAt);
        Assert.Equal(1, manager.Logs.Count(1020));
        Assert.All(manager.Logs.Lines, line => Assert.DoesNotContain("not-it", line.Text, StringComparison.Ordinal));

        // Mended and announced: no waiting for the next try.
        scene.Put(wrong, scene.Tenants.Tenants[0].ConnectionUri);
        await manager.Pools.RefreshAsync(wrong);
        await manager.AskAsync(wrong);
        Assert.Equal(CircuitState.Closed, (await manager.StatisticsAsync(wrong)).Circuit);
    }

    [SkippableFact]
    public async Task A_server_that_never_answers_is_felt_by_its_own_tenants_only()
    {
        await using var scene = await FailureServer.StartAsync(5);
        using var hole = new TcpListener(IPAddress.Loopback, 0);
        hole.Start(512);
        var lost = new List<TenantKey>();
        for (var i = 0; i < 5; i++)
        {
            lost.Add(TenantKey.Create("core", $"lost{i}"));
            scene.Put(lost[i], $"postgresql://u:p@127.0.0.1:{((IPEndPoint)hole.LocalEndpoint).Port}/db");
        }

        await using var manager = await Manager.StartAsync(scene.Secrets.Url, options =>
        {
            options.Connections.ConnectTimeout = TimeSpan.FromSeconds(1);
        });
        await using var load = Load.Start(8, number => manager.AskAsync(scene.Tenants.Tenants[number % 5].Key));
        await using var bad = Load.Start(20, number => manager.AskAsync(lost[number % 5]));
        await bad.FailAsync(20);
        await load.StopAsync();
        await bad.StopAsync();

        output.WriteLine($"{load.Done} operations beside {bad.Faults.Count} refusals, p99 {load.Percentile(0.99):0.0} ms");
        load.AssertNoFaults();
        Assert.Equal(0, bad.Done);
        Assert.All(bad.Faults, fault => Assert.Equal(HyperConnErrorCode.ServerUnreachable, Assert.IsType<HyperConnException>(fault).Code));
        var circuit = Assert.Single((await manager.Pools.GetStatisticsAsync()).Circuits);
        var endpoint = new ServerEndpoint("127.0.0.1", ((IPEndPoint)hole.LocalEndpoint).Port);
        Assert.Equal(new CircuitScope.Server(endpoint), circuit.Scope);

        // On a loaded machine an open of the others may take more than a second, and their server pass for away for a moment, too.
        Assert.Single(manager.Logs.Lines, line => line.Event.Id == 1022 && line.Text.Contains($"{endpoint}", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_tenant_whose_settings_the_server_cuts_off_does_not_speak_for_the_server()
    {
        await using var scene = await FailureServer.StartAsync(3);
        var odd = TenantKey.Create("core", "odd");

        // The server speaks no TLS and closes when a handshake comes without being asked for.
        scene.Secrets.Put(
            Manager.SecretName(odd),
            $$"""{"core-postgresql": "{{scene.Tenants.Tenants[0].ConnectionUri.Split('@')[0].Split(':')[0]}}://u:p@127.0.0.1:{{scene.Server.Port}}/db?sslmode=require&sslnegotiation=direct"}""");
        await using var manager = await Manager.StartAsync(scene.Secrets.Url);
        await using var load = Load.Start(6, number => manager.AskAsync(scene.Tenants.Tenants[number % 3].Key));
        await load.PassAsync(100);
        var opens = manager.Opens;
        await using var bad = Load.Start(4, _ => manager.AskAsync(odd));
        await bad.FailAsync(8);
        await bad.StopAsync();
        await load.StopAsync();

        output.WriteLine($"{manager.Opens - opens} opens of the others, refusals: {bad.Faults.Count}, {bad.Faults.FirstOrDefault()?.Message}");
        load.AssertNoFaults();
        Assert.Equal(0, bad.Done);
        Assert.Equal(0, manager.Logs.Count(1022));
        Assert.Empty((await manager.Pools.GetStatisticsAsync()).Circuits);
    }

    [SkippableFact]
    public async Task A_missing_database_is_remembered_and_answered_without_asking_the_server_again()
    {
        await using var scene = await FailureServer.StartAsync(2);
        var tenant = scene.Tenants.Tenants[0];
        scene.Put(tenant.Key, tenant.ConnectionUri[..(tenant.ConnectionUri.LastIndexOf('/') + 1)] + "nowhere");
        await using var manager = await Manager.StartAsync(scene.Secrets.Url);

        var first = await manager.RefusalAsync(tenant.Key);
        Assert.Equal(HyperConnErrorCode.DatabaseUnavailable, first.Code);
        await manager.Pools.EvictAsync(tenant.Key);
        for (var i = 0; i < 20; i++)
            Assert.Equal(first.RetryAt, (await manager.RefusalAsync(tenant.Key)).RetryAt);
        Assert.Equal(1, await scene.CountInLogAsync("database \"nowhere\" does not exist"));
        Assert.Equal(1, manager.Logs.Count(1024));
    }
}
