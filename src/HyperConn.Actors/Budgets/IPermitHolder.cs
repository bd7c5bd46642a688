namespace HyperConn;

/// <summary>A pool generation as the server's budget sees it. Every member is thread-safe and returns at once.</summary>
/// <remarks>
/// The holder counts its permits in its own atomic word; the ledger's count for it is never lower. A grant is a direct call, so that
/// a permit is never in a mailbox; everything the holder gives back comes as a message after the connections behind it are closed.
/// </remarks>
internal interface IPermitHolder
{
    /// <summary>The tenant, for fairness and for statistics.</summary>
    TenantKey Tenant { get; }

    /// <summary>Leases open now.</summary>
    int Leases { get; }

    /// <summary>Callers that wait now, for a permit or for a lease to come back.</summary>
    int Waiters { get; }

    /// <summary>Timestamp (<see cref="TimeProvider.GetTimestamp"/>) of the last use, for reclaim in least-recently-used order.</summary>
    long LastUsed { get; }

    /// <summary>
    /// Offers one permit. True: a live waiter has it. False: nobody waits any more (or the holder drains); the
    /// permit stays with the ledger and the holder will send <see cref="PermitWanted"/> again when somebody waits.
    /// </summary>
    bool TryGrant();

    /// <summary>
    /// Asks to give back permits no lease covers. The holder answers with <see cref="PermitsReturned"/>, with zero when it has none
    /// to give.
    /// </summary>
    void Reclaim();
}
