using System.Globalization;

namespace HyperConn.Cluster.Protocol;

/// <summary>One run of one process: what starts again at the same address is another.</summary>
/// <param name="Address">Address of its actor system.</param>
/// <param name="Incarnation">Akka's number for this run of it (<c>UniqueAddress.Uid</c>).</param>
internal readonly record struct NodeId(string Address, int Incarnation) : IComparable<NodeId>
{
    /// <summary>For <c>application_name</c>.</summary>
    public string Tag => ((uint)Incarnation).ToString("x8", CultureInfo.InvariantCulture);

    public int CompareTo(NodeId other)
    {
        var byAddress = string.CompareOrdinal(Address, other.Address);
        return byAddress != 0 ? byAddress : Incarnation.CompareTo(other.Incarnation);
    }

    public override string ToString() => $"{Address}#{Tag}";
}
