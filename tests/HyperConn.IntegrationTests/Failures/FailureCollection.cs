namespace HyperConn.Tests.Integration;

/// <summary>Tests with servers of their own and much load run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class FailureCollection
{
    public const string Name = "Failures";
}
