using Akka.Actor;

namespace HyperConn.Cluster.Sharding;

/// <summary>A tenant's actor is to stop when what it has begun has ended. Never leaves the node.</summary>
/// <param name="IsMoving">Whether the tenant goes to another node, or just has nothing to do.</param>
internal sealed record StopTenant(bool IsMoving) : INoSerializationVerificationNeeded
{
    public static readonly StopTenant Moving = new(IsMoving: true);

    public static readonly StopTenant Idle = new(IsMoving: false);
}
