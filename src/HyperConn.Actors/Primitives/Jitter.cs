namespace HyperConn.Primitives;

/// <summary>Spreads moments, so that what was fetched together is not fetched again together. Not thread-safe, as its source.</summary>
internal sealed record Jitter(Random Source)
{
    /// <summary>A duration drawn evenly from [half of it, all of it].</summary>
    public TimeSpan UpperHalf(TimeSpan whole) => whole * (0.5 + (Source.NextDouble() / 2));
}
