namespace HyperConn.Tests.Architecture;

/// <summary>The rules of the library's house, for its part in clusters.</summary>
public class ClusterHouseSpecs() : HouseFacts(Clustered)
{
    private static readonly BuiltHouse Clustered = new("HyperConn.Cluster", typeof(HyperConnCluster));
}
