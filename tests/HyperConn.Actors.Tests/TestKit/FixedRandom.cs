namespace HyperConn.Tests;

/// <summary>Chance without chance: every draw from [0, 1] is the same.</summary>
internal sealed class FixedRandom(double draw) : Random
{
    public override double NextDouble() => draw;

    protected override double Sample() => draw;
}
