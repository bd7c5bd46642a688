namespace HyperConn.Chaos.Observations;

/// <summary>How long after the end of a storm everything worked again.</summary>
/// <param name="Faults">The faults of the storm.</param>
/// <param name="Took">From the end of the last to the last first success.</param>
/// <param name="Bound">How long it may take.</param>
/// <param name="Missing">What did not work again; empty: everything did.</param>
internal sealed record RecoveryFact(IReadOnlyList<string> Faults, TimeSpan Took, TimeSpan Bound, IReadOnlyList<string> Missing);
