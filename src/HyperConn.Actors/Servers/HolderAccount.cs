namespace HyperConn.Servers;

/// <summary>What the ledger knows of one holder.</summary>
internal sealed class HolderAccount(IPermitHolder holder)
{
    public IPermitHolder Holder { get; } = holder;

    /// <summary>Permits it has.</summary>
    public int Held { get; set; }

    /// <summary>Opens in flight that grants to it paid for.</summary>
    public int Opening { get; set; }

    /// <summary>Whether it believes that the budget knows of its waiters.</summary>
    public bool Registered { get; set; }

    /// <summary>Whether it is among <see cref="WaitingHolders"/>: registered, and one more open may begin.</summary>
    public bool Queued { get; set; }

    /// <summary>Its place among those that hold as many: the number of its last grant or registration.</summary>
    public long Turn { get; set; }

    /// <summary>Permits it is expected to give back to an outstanding reclaim.</summary>
    public int Expected { get; set; }

    /// <summary>Whether a reclaim is outstanding (which may expect nothing any more).</summary>
    public bool Asked { get; set; }

    /// <summary>When the outstanding reclaim is given up.</summary>
    public TimeSpan AskedUntil { get; set; }

    /// <summary>When it last gave less than asked for: it counts as used then, so that others are asked before it is again.</summary>
    public long GaveTooLittleAt { get; set; }

    public bool IsEmpty => Held == 0 && Opening == 0 && !Registered && !Asked;

    /// <summary>How many more opens it may have in flight.</summary>
    public int OpensLeft(bool slowStart) => slowStart ? Math.Max(1, Held - Opening) - Opening : int.MaxValue;
}
