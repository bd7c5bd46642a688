using System.Diagnostics;
using System.Text.Json;
using HyperConn.Host.Demo;
using HyperConn.Host.Demo.Nodes;
using Xunit.Abstractions;

namespace HyperConn.Tests.Cluster.Nodes;

/// <summary>Real processes on a real server. The sessions are counted there every few milliseconds.</summary>
public sealed class NodeProcessTests(ITestOutputHelper output)
{
    private const int MaxConnections = 60;

    // 60 less three for superusers and the headroom.
    private const int Limit = 45;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    // Several times as long as a share is valid. HYPERCONN_SOAK_SECONDS makes it twenty seconds.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("HYPERCONN_SOAK_SECONDS") is null ? 8 : 20);

    [SkippableFact]
    public async Task The_demo_on_three_nodes_survives_a_kill_and_never_has_a_session_too_many()
    {
        await using var host = HostProcess.Start("demo", "--nodes", "3", "--json", "--duration", "12s", "--tenants", "60");
        var code = await host.WaitAsync();
        host.SkipWithoutPostgres();

        output.WriteLine(host.Output + host.Errors);
        Assert.True(code == 0, host.Output + host.Errors);
        var summary = JsonDocument.Parse(host.Output).RootElement;
        var cluster = summary.GetProperty("cluster");
        Assert.InRange(cluster.GetProperty("peakSessions").GetInt32(), Limit / 2, cluster.GetProperty("limit").GetInt32());
        Assert.InRange(cluster.GetProperty("shareUsedByOthersSeconds").GetDouble(), 0, 30);
        Assert.Equal(4, cluster.GetProperty("nodes").GetArrayLength());
        Assert.Empty(host.FindLeftovers());
    }

    [SkippableFact]
    public async Task A_node_that_is_stopped_keeps_its_sessions_and_opens_none_when_it_goes_on()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = MaxConnections });
        await using var tenants = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = 60, OwnDatabases = 5 });
        var settings = await WriteSettingsAsync(server, tenants);
        await using var sessions = new NodeSessions(server, tenants.Prefix);
        using var over = new CancellationTokenSource();
        var counting = sessions.RunAsync(over.Token);
        await using var first = await NodeProcess.StartAsync(settings, null, CancellationToken.None);
        await using var second = await NodeProcess.StartAsync(settings, first.Last.Address, CancellationToken.None);
        await using var third = await NodeProcess.StartAsync(settings, first.Last.Address, CancellationToken.None);
        foreach (var node in new[] { first, second, third })
            await node.BeginAsync();
        Assert.NotNull(await sessions.WaitAsync(now => now.Values.Sum() >= Limit * 3 / 4, Patience, CancellationToken.None));

        await SignalAsync(third, "STOP");
        var kept = sessions.Now.GetValueOrDefault(third.Last.Tag);
        await Task.Delay(StopTime);
        var whileStopped = sessions.Now;
        await SignalAsync(third, "CONT");
        await Task.Delay(TimeSpan.FromSeconds(5));
        await over.CancelAsync();
        await counting;

        output.WriteLine($"{kept} sessions of the stopped node; {whileStopped.Values.Sum()} in all; peak {sessions.Peak}, counted {sessions.Counts} times.");
        Assert.InRange(sessions.Peak, Limit * 3 / 4, Limit);
        Assert.True(whileStopped.GetValueOrDefault(third.Last.Tag) > 0, "The stopped node had no session left to count.");
        Assert.Equal((0, 0), (first.Last.Failed + second.Last.Failed, first.Last.WrongTenant + second.Last.WrongTenant));
    }

    [SkippableFact]
    public async Task When_the_coordinators_node_is_killed_another_takes_its_place_and_its_share()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = MaxConnections });
        await using var tenants = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = 60, OwnDatabases = 5 });
        var settings = await WriteSettingsAsync(server, tenants);
        await using var sessions = new NodeSessions(server, tenants.Prefix);
        using var over = new CancellationTokenSource();
        var counting = sessions.RunAsync(over.Token);

        // The oldest has the singleton.
        await using var coordinator = await NodeProcess.StartAsync(settings, null, CancellationToken.None);
        await using var second = await NodeProcess.StartAsync(settings, coordinator.Last.Address, CancellationToken.None);
        await using var third = await NodeProcess.StartAsync(settings, coordinator.Last.Address, CancellationToken.None);
        foreach (var node in new[] { coordinator, second, third })
            await node.BeginAsync();
        Assert.NotNull(await sessions.WaitAsync(now => now.Values.Sum() >= Limit * 3 / 4, Patience, CancellationToken.None));

        await coordinator.KillAsync();
        var took = await sessions.WaitAsync(
            now => now.GetValueOrDefault(second.Last.Tag) + now.GetValueOrDefault(third.Last.Tag) >= Limit * 3 / 4, Patience, CancellationToken.None);
        await over.CancelAsync();
        await counting;

        output.WriteLine($"The others used its share after {took?.TotalSeconds:0.0} s; peak {sessions.Peak}, counted {sessions.Counts} times.");
        Assert.NotNull(took);
        Assert.InRange(sessions.Peak, Limit * 3 / 4, Limit);
        Assert.Equal((0, 0), (second.Last.Failed + third.Last.Failed, second.Last.WrongTenant + third.Last.WrongTenant));
    }

    private static async Task<string> WriteSettingsAsync(PostgresServer server, TenantProvisioner tenants)
    {
        var folder = await server.CreateScratchFolderAsync();
        using var secrets = new SecretsFile(Path.Combine(folder, "secrets.json"), "demo", tenants.Tenants);
        await secrets.WriteAsync();
        var path = Path.Combine(folder, "node.json");
        new NodeSettings
        {
            Project = "demo",
            Services = [],
            Secrets = secrets.Path,
            Tenants = [.. tenants.Tenants.Select(NodeTenant.Of)],
            Workers = 32,
            WorkTime = TimeSpan.FromSeconds(1),
            MaxPools = 100,
            IdleTimeToLive = TimeSpan.FromMinutes(1),
        }.Write(path);
        return path;
    }

    private static async Task SignalAsync(NodeProcess node, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", node.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
