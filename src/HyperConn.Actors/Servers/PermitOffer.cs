namespace HyperConn.Servers;

/// <summary>What became of one permit offered to a holder.</summary>
/// <remarks>The answer and the holder's registration change together, under the holder's lock: so no waiter is ever forgotten.</remarks>
internal enum PermitOffer
{
    /// <summary>Nobody waits any more, or the holder drains or has all it may have. The permit stays with the ledger and the holder is no
    /// longer registered: it sends <see cref="PermitWanted"/> again when somebody waits.</summary>
    Declined,

    /// <summary>The holder keeps the permit until another server of its tenant grants one, too: no open begins with it. It is no longer
    /// registered, as above.</summary>
    Parked,

    /// <summary>Somebody waits, but a permit is of no use now: the server is away or the login refused, and it is not time to try. The permit
    /// stays with the ledger, and the holder stays registered.</summary>
    NotNow,

    /// <summary>A live waiter has the permit and the holder can take no more: it is no longer registered, as above.</summary>
    TakenLast,

    /// <summary>A live waiter has the permit and others still wait: the holder stays registered and sends nothing.</summary>
    TakenMore,
}
