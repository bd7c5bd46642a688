namespace HyperConn.Tests.Architecture;

/// <summary>The rules of the library's house, for its part in ASP.NET Core.</summary>
public class WebHouseSpecs() : HouseFacts(Web)
{
    private static readonly BuiltHouse Web = new("HyperConn.AspNetCore", typeof(HyperConn.AspNetCore.RequireTenantAttribute));
}
