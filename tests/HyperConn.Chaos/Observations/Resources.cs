namespace HyperConn.Chaos.Observations;

/// <summary>What the process holds, with every pool drained and no worker at work.</summary>
/// <param name="Pools">Pools of the manager.</param>
/// <param name="Permits">Permits, over all servers.</param>
/// <param name="Sessions">Sessions at the servers.</param>
/// <param name="Timers">Active timers.</param>
/// <param name="Threads">Threads of the process that are not the thread pool's, which comes back in its own time.</param>
/// <param name="Handles">Open files and sockets.</param>
/// <param name="ManagedBytes">Managed memory after a full collection.</param>
internal sealed record Resources(int Pools, int Permits, int Sessions, long Timers, int Threads, int Handles, long ManagedBytes);
