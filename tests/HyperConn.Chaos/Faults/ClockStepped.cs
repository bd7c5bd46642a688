using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>The clock on the wall jumps, and back again. Nothing the manager decides may depend on it.</summary>
internal sealed class ClockStepped : IFault
{
    private static readonly TimeSpan[] Steps =
        [TimeSpan.FromDays(-400), TimeSpan.FromDays(-1), TimeSpan.FromMinutes(-5), TimeSpan.FromMinutes(5), TimeSpan.FromDays(1), TimeSpan.FromDays(400)];

    public string Name => "clock-step";

    public Part Part => Part.Clock;

    public TimeSpan Aftermath => TimeSpan.Zero;

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var step = Steps[random.Next(Steps.Length)];
        return new Strike($"the clock jumps by {step}", [], () => SetAsync(step), () => SetAsync(TimeSpan.Zero));

        Task SetAsync(TimeSpan offset)
        {
            world.Clock.Offset = offset;
            return Task.CompletedTask;
        }
    }
}
