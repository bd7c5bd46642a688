namespace HyperConn.Chaos.Observations;

/// <summary>Something that must not be.</summary>
internal sealed record Finding(TimeSpan At, string What);
