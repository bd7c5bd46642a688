using HyperConn.Primitives;

namespace HyperConn.Leases;

/// <summary>One caller in a generation's queue. Owned by the generation's lock until its task is completed.</summary>
/// <param name="since">When it began to wait (<see cref="CoarseClock.Milliseconds"/>).</param>
internal sealed class LeaseWaiter(long since) : TaskCompletionSource<Lease>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public long Since { get; } = since;

    public bool IsQueued { get; set; }

    public LeaseWaiter? Before { get; set; }

    public LeaseWaiter? Next { get; set; }
}
