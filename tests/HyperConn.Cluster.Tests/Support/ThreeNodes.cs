using HyperConn.Host.Demo;
using HyperConn.Host.Demo.Nodes;

namespace HyperConn.Tests.Support;

/// <summary>Three processes of the demo on a server of their own, which work for more tenants than it has connections.</summary>
internal sealed class ThreeNodes : IAsyncDisposable
{
    // 60 less three for superusers and the headroom.
    public const int Limit = 45;

    private const int MaxConnections = 60;

    // More where the test is asked to take its time.
    private static readonly int TenantCount = Environment.GetEnvironmentVariable("HYPERCONN_SOAK_SECONDS") is null ? 60 : 300;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Stack<IAsyncDisposable> _parts = new();
    private string _settings = "";

    private ThreeNodes()
    {
    }

    /// <summary>The nodes; the first is the oldest and has the coordinator.</summary>
    public List<NodeProcess> Nodes { get; } = [];

    public CountedSessions Sessions { get; private set; } = null!;

    /// <summary>Starts them, and waits until they have most of the server.</summary>
    public static async Task<ThreeNodes> StartAsync()
    {
        var three = new ThreeNodes();
        try
        {
            var server = three.Keep(await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = MaxConnections }));
            var tenants = three.Keep(await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = TenantCount, OwnDatabases = 5 }));
            three._settings = await WriteSettingsAsync(server, tenants);
            three.Sessions = three.Keep(new CountedSessions(server, tenants));
            for (var node = 0; node < 3; node++)
                three.Nodes.Add(await three.StartNodeAsync());
            foreach (var node in three.Nodes)
                await node.BeginAsync();
            Assert.NotNull(await three.WaitAsync(now => now.Values.Sum() >= Limit * 3 / 4));
            return three;
        }
        catch
        {
            await three.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts another in the place of one that has ended, and has it begin.</summary>
    public async Task ReplaceAsync(NodeProcess ended)
    {
        Nodes.Remove(ended);
        Nodes.Add(await StartNodeAsync());
        await Nodes[^1].BeginAsync();
    }

    /// <summary>Replaces all that have ended, by themselves or not. Those that others are about to remove end soon.</summary>
    /// <param name="ended">Takes them.</param>
    public async Task ReplaceEndedAsync(List<NodeProcess> ended)
    {
        foreach (var node in Nodes.Where(node => node.HasEnded).ToList())
        {
            await ReplaceAsync(node);
            ended.Add(node);
        }
    }

    /// <summary>Waits until something is so at the server.</summary>
    public Task<TimeSpan?> WaitAsync(Func<IReadOnlyDictionary<string, int>, bool> isSo) => Sessions.WaitAsync(isSo, Patience);

    /// <summary>Waits until these nodes together have most of the server's connections. Fails, and says how the nodes stand, where they don't get them.</summary>
    public async Task<TimeSpan> WaitForMostAsync(params NodeProcess[] nodes)
    {
        var took = await WaitAsync(now => Held(now, nodes) >= Limit * 3 / 4);
        Assert.True(took is not null, string.Join(Environment.NewLine, nodes.Select(node =>
            $"{node.Last.Address} {node.Last.Tag}: {Sessions.Now.GetValueOrDefault(node.Last.Tag)} sessions, share {node.Last.Share}, held {node.Last.Held}, "
            + $"ended {node.HasEnded} {node.Errors}")));
        return took.Value;
    }

    /// <summary>
    /// Waits until all nodes there are have most of it. Without two that live nobody is more than half of three, and the last one ends: they are replaced, as whoever runs
    /// them does.
    /// </summary>
    /// <param name="ended">Takes those that have ended.</param>
    public async Task SettleAsync(List<NodeProcess> ended)
    {
        while (await WaitAsync(now => Held(now, Nodes) >= Limit * 3 / 4 || Nodes.Count(node => !node.HasEnded) < 2) is not null
            && Nodes.Count(node => !node.HasEnded) < 2)
            await ReplaceEndedAsync(ended);
        await WaitForMostAsync([.. Nodes]);
    }

    /// <summary>Fails where the server ever had a session too many, or nodes that lived had an event that failed or ran as somebody else.</summary>
    public void AssertAllIsWell(params NodeProcess[] living)
    {
        Assert.InRange(Sessions.Peak, Limit * 3 / 4, Limit);
        Assert.Equal((0, 0), (living.Sum(node => node.Last.Failed), living.Sum(node => node.Last.WrongTenant)));
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
            await part.DisposeAsync();
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
            CanBeCut = true,
        }.Write(path);
        return path;
    }

    private static int Held(IReadOnlyDictionary<string, int> sessions, IEnumerable<NodeProcess> nodes) =>
        nodes.Sum(node => sessions.GetValueOrDefault(node.Last.Tag));

    private async Task<NodeProcess> StartNodeAsync()
    {
        while (true)
        {
            var living = Nodes.Where(node => !node.HasEnded).ToList();
            try
            {
                return Keep(await NodeProcess.StartAsync(_settings, living.Select(node => node.Last.Address), CancellationToken.None));
            }
            catch (NodeFailedException) when (living.Exists(node => node.HasEnded))
            {
                // Those that it was to join were about to end.
            }
        }
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}
