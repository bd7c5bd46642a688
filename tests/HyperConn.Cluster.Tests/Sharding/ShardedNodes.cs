using Akka.Actor;
using Akka.Cluster.Sharding;
using HyperConn.Events;
using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace HyperConn.Tests.Cluster.Sharding;

/// <summary>Nodes that share tenants among them, in one process.</summary>
internal sealed class ShardedNodes(RoomyServer server) : IAsyncDisposable
{
    /// <summary>What makes this run's events unlike those of others on the same tenants.</summary>
    public string Run { get; } = Guid.NewGuid().ToString("N")[..8];

    public HandlerNotes Notes { get; } = new();

    public List<ClusterNode> Nodes { get; } = [];

    /// <summary>Starts so many nodes with tenants, and waits until each may get some.</summary>
    public async Task<ShardedNodes> StartAsync(int count, Action<TenantEventOptions>? events = null, Action<TenantShardingOptions>? sharding = null)
    {
        for (var i = 0; i < count; i++)
            await AddAsync(events, sharding);
        await Until.TrueAsync(() => Region(Nodes[0]).Ask<CurrentRegions>(GetCurrentRegions.Instance, Until.Patience)
            .ContinueWith(regions => regions.IsCompletedSuccessfully && regions.Result.Regions.Count == count, TaskScheduler.Default));
        return this;
    }

    /// <summary>Starts one more node with tenants.</summary>
    public async Task<ClusterNode> AddAsync(Action<TenantEventOptions>? events = null, Action<TenantShardingOptions>? sharding = null)
    {
        var index = Nodes.Count;
        var node = await ClusterNode.StartAsync(
            server.Secrets(),
            Nodes.FirstOrDefault(),
            // What an abort leaves of a node must not leave the cluster in good order.
            hocon: "akka.coordinated-shutdown.run-by-actor-system-terminate = off",
            role: "tenants",
            services: services => services
                .AddTenantShards(events)
                .AddSingleton(Notes)
                .AddSingleton(new HandlerNode(index))
                .AddScoped<NotingHandler>(),
            akka: akka => akka.WithTenantSharding<NotingHandler>(o =>
            {
                o.Role = "tenants";
                sharding?.Invoke(o);
            }));
        Nodes.Add(node);
        return node;
    }

    public static IActorRef Region(ClusterNode node) => ClusterSharding.Get(node.System).ShardRegion("hyperconn-tenants");

    public static ITenantShards Shards(ClusterNode node) => node.Services.GetRequiredService<ITenantShards>();

    /// <summary>An event of this run.</summary>
    public TenantEvent Event(ProvisionedTenant tenant, string id, string type = "default") => new(tenant.Key, type, $"{Run}-{id}", "null");

    /// <summary>Ids of this run's events whose effects a tenant has, in the order in which they came.</summary>
    public async Task<IReadOnlyList<string>> EffectsAsync(ProvisionedTenant tenant)
    {
        var settings = server.Server.Admin(tenant.Database);
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"select payload from \"{tenant.Schema}\".events where tenant = $1 and payload like $2 order by id", connection);
        command.Parameters.AddWithValue(tenant.Key.ToString());
        command.Parameters.AddWithValue($"{Run}-%");
        await using var reader = await command.ExecuteReaderAsync();
        var effects = new List<string>();
        while (await reader.ReadAsync())
            effects.Add(reader.GetString(0)[(Run.Length + 1)..]);
        return effects;
    }

    public async ValueTask DisposeAsync()
    {
        Notes.Gate.TrySetResult();
        foreach (var node in Enumerable.Reverse(Nodes))
            await node.DisposeAsync();
    }
}
