using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>The limit of an endpoint is lowered while it is in use, and raised again. Callers wait longer; nobody fails.</summary>
internal sealed class BudgetLowered : IFault
{
    public string Name => "budget-lowered";

    public Part Part => Part.Budget;

    public TimeSpan Aftermath => TimeSpan.Zero;

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var endpoint = world.Endpoints[random.Next(world.Endpoints.Count)];
        var limit = random.Next(6, 20);
        return new Strike(
            $"the limit of {endpoint} is {limit}",
            [],
            () => SetAsync(limit),
            () => SetAsync(Budgets.Normal));

        Task SetAsync(int permits)
        {
            world.Budgets.Set(endpoint, permits);
            return Task.CompletedTask;
        }
    }
}
