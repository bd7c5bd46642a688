namespace HyperConn.Leases;

/// <summary>What has to follow a step at the <see cref="LeaseDesk"/>, outside its lock.</summary>
/// <param name="FreePermits">Permits taken away that no lease covers: close what is idle, then give them back.</param>
/// <param name="Drained">The last lease of a draining generation has ended: close it.</param>
/// <param name="WentIdle">The last lease has ended, and eviction wants to hear of it.</param>
internal readonly record struct LeaseFollowUp(int FreePermits = 0, bool Drained = false, bool WentIdle = false);
