namespace HyperConn.Tests.Architecture;

/// <summary>The rules of the library's house, for the worker of events.</summary>
public class EventsHouseSpecs() : HouseFacts(Worker)
{
    private static readonly BuiltHouse Worker = new("HyperConn.Events", typeof(HyperConn.Events.TenantEvent));
}
