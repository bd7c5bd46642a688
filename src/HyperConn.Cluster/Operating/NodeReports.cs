using HyperConn.Cluster.Nodes;
using HyperConn.Cluster.Protocol;

namespace HyperConn.Cluster.Operating;

/// <summary>Puts a node's report together. Not thread-safe.</summary>
/// <param name="eventsHandled">Counts the events this process has handled; null: nobody does.</param>
internal sealed class NodeReports(Func<long?>? eventsHandled)
{
    private readonly PerSecond _acquisitions = new();
    private readonly PerSecond _events = new();

    public NodeReport Of(HyperConnStatistics statistics, NodeStatus? status)
    {
        var servers = status?.Servers ?? [];
        return new NodeReport
        {
            TakenAt = statistics.TakenAt,
            SessionTag = status?.Tag ?? "",
            Term = status?.Term ?? 0,
            Silence = status?.Silence,
            HoldsShare = servers.Any(server => server.Share > 0),
            Pools = statistics.Pools,
            Leases = statistics.Leases,
            AcquisitionsPerSecond = _acquisitions.Read(
                statistics.TakenAt, statistics.HotAcquisitions + statistics.ProbedAcquisitions + statistics.ColdAcquisitions),
            EventsPerSecond = EventsHandled() is { } handled ? _events.Read(statistics.TakenAt, handled) : null,
            Servers =
            [
                .. WireSize.Fitting(servers, server => WireSize.Of(server.Server))
                    .Select(server => new NodeServer(server.Server, server.Share, server.Held, server.InUse, server.Waiting)),
            ],
        };
    }

    // Code of the application's: what it throws must not keep the node from answering.
    private long? EventsHandled()
    {
        try
        {
            return eventsHandled?.Invoke();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return null;
        }
    }
}
