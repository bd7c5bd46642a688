namespace HyperConn.Leases;

/// <summary>What a generation tells the pool that made it. Every member is thread-safe and returns at once.</summary>
internal interface IGenerationOwner
{
    /// <summary>The last lease ended, and eviction had asked to hear of it (<see cref="PoolGeneration.NotifyWhenIdle"/>).</summary>
    void WentIdle(PoolGeneration generation);

    /// <summary>Credentials past their time-to-live were used: refresh them in the background.</summary>
    void CredentialsStale(PoolGeneration generation);

    /// <summary>The generation is closed: no lease, no connection, no permit.</summary>
    void Closed(PoolGeneration generation);

    /// <summary>A server's budget wants permits back that no lease covers: have <see cref="PoolGeneration.ReclaimIdle"/> run soon.</summary>
    void ReclaimIdle(PoolGeneration generation, ServerShare asked, int keep);

    /// <summary>PostgreSQL refused the credentials of this secret version: asks for newer ones.</summary>
    /// <param name="generation">The generation that was refused.</param>
    /// <param name="secretVersion">The version it used.</param>
    /// <param name="expired">They were not refused but are past their hard limit: the same version read again will do, too.</param>
    /// <returns>Whether there are other credentials now.</returns>
    Task<bool> AskForNewerCredentialsAsync(PoolGeneration generation, string secretVersion, bool expired);
}
