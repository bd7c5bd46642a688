using HyperConn.Events;
using HyperConn.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.Tests.Cluster.Sharding;

/// <summary>What is missing or wrong is said at the start, or by the first event.</summary>
public class ShardingStartTests
{
    private static readonly TenantEvent Event = new(TenantKey.Create("core", "acme"), "default", "1", "null");

    [Fact]
    public async Task A_handler_that_the_container_lacks_is_named() =>
        await FailsAsync("NotingHandler in the container", services => services.AddTenantShards(), akka => akka.WithTenantSharding<NotingHandler>());

    [Fact]
    public async Task Shards_need_their_service() => await FailsAsync(
        "AddTenantShards()",
        services => services.AddScoped<NotingHandler>(),
        akka => akka.WithTenantSharding<NotingHandler>());

    [Fact]
    public async Task A_node_that_only_sends_must_know_the_role_of_those_it_sends_to() =>
        await FailsAsync("hyperconn.cluster.sharding.role", services => services.AddTenantShards(), akka => akka.WithTenantShardingProxy());

    [Fact]
    public async Task Every_fault_of_the_settings_is_listed()
    {
        var fault = await FailsAsync(
            "hyperconn.cluster.sharding.shards must be from 1 to 10000.",
            services => services.AddTenantShards().AddScoped<NotingHandler>(),
            akka => akka.WithTenantSharding<NotingHandler>(o => (o.MaxConcurrentPerTenant, o.IdleTimeout) = (0, TimeSpan.Zero)),
            "hyperconn.cluster.sharding { shards = 0, answer-timeout = 1h, role = tenants, rolle = x }");
        Assert.Contains("hyperconn.cluster.sharding.rolle is not a setting", fault, StringComparison.Ordinal);
        Assert.Contains("answer-timeout must be from 1 s to 10 min", fault, StringComparison.Ordinal);
        Assert.Contains("idle-timeout", fault, StringComparison.Ordinal);
        Assert.Contains("max-concurrent-per-tenant", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_is_not_sent_where_no_shards_were_asked_for()
    {
        await using var node = await ClusterNode.StartAsync(new MemorySecretStore(), null, services: services => services.AddTenantShards());
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => ShardedNodes.Shards(node).SendAsync(Event));
        Assert.Equal(HyperConnErrorCode.NotConfigured, refused.Code);
        Assert.Contains("WithTenantSharding()", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_no_node_handles_fails_so_that_it_can_be_sent_later()
    {
        await using var node = await ClusterNode.StartAsync(
            new MemorySecretStore(),
            null,
            hocon: "hyperconn.cluster.sharding { role = nobody, answer-timeout = 1s }",
            services: services => services.AddTenantShards(o => o.RetryFor = TimeSpan.Zero),
            akka: akka => akka.WithTenantShardingProxy());
        Assert.Equal("NoAnswer", (await Assert.ThrowsAsync<EventRetryException>(() => ShardedNodes.Shards(node).SendAsync(Event))).Code);
    }

    private static async Task<string> FailsAsync(
        string message, Action<IServiceCollection> services, Action<Akka.Hosting.AkkaConfigurationBuilder> akka, string hocon = "")
    {
        var fault = await Assert.ThrowsAsync<HyperConnException>(() => ClusterNode.StartAsync(
            new MemorySecretStore(), null, hocon: hocon, services: services, akka: akka));
        Assert.Equal(HyperConnErrorCode.NotConfigured, fault.Code);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        return fault.Message;
    }
}
