using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>Something that can go wrong.</summary>
internal interface IFault
{
    /// <summary>Short name, for <c>--only</c>.</summary>
    string Name { get; }

    /// <summary>What it happens to.</summary>
    Part Part { get; }

    /// <summary>How long after its end its errors may still come.</summary>
    TimeSpan Aftermath { get; }

    /// <summary>How long after its end it may take until everything works again.</summary>
    TimeSpan RecoveryBound { get; }

    /// <summary>Decides what exactly happens this time; nothing happens yet.</summary>
    Strike Plan(ChaosWorld world, Random random);
}

/// <summary>A fault as it happens this time.</summary>
/// <param name="What">What exactly, for people.</param>
/// <param name="Allowed">The errors it explains.</param>
/// <param name="BeginAsync">Makes it happen.</param>
/// <param name="EndAsync">Mends it, as far as it does not mend itself.</param>
internal sealed record Strike(string What, IReadOnlyList<Allowance> Allowed, Func<Task> BeginAsync, Func<Task> EndAsync)
{
    /// <summary>Tenants that must work again, besides every flavour at every site.</summary>
    public IReadOnlyList<ChaosTenant> Touched { get; init; } = [];
}
