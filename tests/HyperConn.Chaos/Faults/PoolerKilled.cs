using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>PgBouncer is killed (kill -9) and started again.</summary>
internal sealed class PoolerKilled : IFault
{
    /// <summary>How long after the pooler is back errors of its end may come, whoever ended it.</summary>
    public static readonly TimeSpan AfterAnEnd = TimeSpan.FromSeconds(7);

    /// <summary>What the end of the pooler explains, whoever ended it.</summary>
    public static readonly Allowance AllowedByAnEnd = Allowance.At(Sites.Pooled, [.. Errors.Dead, Errors.PoolerSays]);

    public string Name => "kill-pooler";

    public Part Part => Part.Pooler;

    public TimeSpan Aftermath => AfterAnEnd;

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var away = TimeSpan.FromMilliseconds(random.Next(500, 3_000));
        return new Strike(
            $"kill -9 of the pooler, and start {away.TotalSeconds:0.0} s later",
            [AllowedByAnEnd],
            () => world.Servers.Pooler.RestartAsync(away),
            () => Task.CompletedTask);
    }
}
