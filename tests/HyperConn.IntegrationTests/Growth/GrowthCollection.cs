namespace HyperConn.Tests.Integration;

/// <summary>Tests that weigh the memory of the process run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GrowthCollection
{
    public const string Name = "Growth";
}
