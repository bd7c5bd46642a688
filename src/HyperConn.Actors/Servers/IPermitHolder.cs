using HyperConn.Primitives;

namespace HyperConn.Servers;

/// <summary>A pool generation as the server's budget sees it. Every member is thread-safe and returns at once.</summary>
/// <remarks>
/// The holder counts its permits in its own atomic word; the ledger's count for it is never lower. A grant is a direct call, so that
/// a permit is never in a mailbox; everything the holder gives back comes as a message after the connections behind it are closed.
/// <para>
/// Registration: the holder keeps a flag that says "the budget knows that somebody waits". It sets the flag and tells
/// <see cref="PermitWanted"/> under one lock, and clears it, under the same lock, exactly when <see cref="Offer"/> answers
/// <see cref="PermitOffer.Declined"/> or <see cref="PermitOffer.TakenLast"/>, or <see cref="StillWants"/> answers false.
/// </para>
/// </remarks>
internal interface IPermitHolder
{
    /// <summary>The tenant, for statistics.</summary>
    TenantKey Tenant { get; }

    /// <summary>Leases open now, those whose connection is still being opened included.</summary>
    int Leases { get; }

    /// <summary>Callers that wait now, for a permit or for a lease to come back.</summary>
    int Waiters { get; }

    /// <summary>Since when the first of <see cref="Waiters"/> waits (<see cref="CoarseClock.Milliseconds"/>); null: nobody does.</summary>
    long? WaitsSince { get; }

    /// <summary>
    /// Last use (<see cref="CoarseClock.Milliseconds"/>), for reclaim in least-recently-used order. A lease is a use when it begins and
    /// when it ends; the budget takes a holder it sees under lease as used at that moment.
    /// </summary>
    long LastUsed { get; }

    /// <summary>
    /// Offers one permit. If taken, the holder has one more permit and owes one <see cref="OpenEnded"/>.
    /// </summary>
    PermitOffer Offer();

    /// <summary>
    /// Whether the holder would take a permit now. False clears its registration, as a declined offer does. Lets the budget forget
    /// holders whose waiters have all gone without a permit at hand to offer.
    /// </summary>
    bool StillWants();

    /// <summary>
    /// Asks to give back the permits no lease covers, as far as <paramref name="keep"/> permits remain. The holder answers with one
    /// <see cref="PermitsReturned"/> that says <see cref="PermitsReturned.AnswersReclaim"/>, with zero when it has none to give.
    /// </summary>
    /// <param name="keep">Permits, under lease or not, the holder may keep; 0 or the tenant's floor.</param>
    void Reclaim(int keep);
}
