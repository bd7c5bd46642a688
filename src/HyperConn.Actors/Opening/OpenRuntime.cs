using HyperConn.Leases;

namespace HyperConn.Opening;

/// <summary>What the opens of one manager share.</summary>
internal sealed class OpenRuntime
{
    public OpenRuntime(LeaseRuntime leases, GenerationRegistry generations, IPoolSource pools, IAcquisitionMeter? meter = null)
    {
        Leases = leases;
        Generations = generations;
        Pools = pools;
        Meter = meter;
        Stacks = leases.Options.Diagnostics.CaptureLeaseStacks ? new LeaseStacks(leases.Time) : null;
        Opener = new ConnectionOpener(this);
        Keeper = new IdleKeeper(leases);
    }

    public LeaseRuntime Leases { get; }

    /// <summary>Every generation that is not closed.</summary>
    public GenerationRegistry Generations { get; }

    public IPoolSource Pools { get; }

    /// <summary>Where durations are recorded; null: nowhere.</summary>
    public IAcquisitionMeter? Meter { get; }

    /// <summary>Who took which lease; null unless development asks for it.</summary>
    public LeaseStacks? Stacks { get; }

    public AcquisitionCounters Counters { get; } = new();

    public ConnectionOpener Opener { get; }

    public IdleKeeper Keeper { get; }
}
