using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Figures;

/// <summary>HyperConn, all settings by default but the budget and the cap.</summary>
internal sealed class ManagerPools : IContender
{
    private readonly Manager _manager;

    private ManagerPools(Manager manager) => _manager = manager;

    public int Pools => _manager.Pools.GetStatisticsAsync().GetAwaiter().GetResult().Pools;

    public static async Task<ManagerPools> StartAsync(FigurePlan plan, int cap) => new(await RunAsync(plan, cap));

    /// <summary>A manager of the plan's tenants.</summary>
    public static Task<Manager> RunAsync(FigurePlan plan, int cap, Host.DashboardOptions? dashboard = null)
    {
        var store = new MemorySecretStore();
        foreach (var tenant in plan.Tenants)
            store.Put($"{Manager.Project}-{tenant.Org}", $$"""{"core-postgresql": "{{tenant.Uri}}"}""");
        return Manager.StartAsync(
            store,
            o =>
            {
                o.Servers.MaxConnections = FigurePlan.Budget;
                o.Pools.MaxPools = cap;
            },
            dashboard);
    }

    public ValueTask<NpgsqlConnection> OpenAsync(FigureTenant tenant) => _manager.Pools.OpenConnectionAsync(TenantKey.Create("core", tenant.Org));

    public ValueTask DisposeAsync() => _manager.DisposeAsync();
}
