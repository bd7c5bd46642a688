namespace HyperConn.Tests.Architecture;

/// <summary>The rules of the library's house, for contexts of Entity Framework Core.</summary>
public class EntityFrameworkHouseSpecs() : HouseFacts(Contexts)
{
    private static readonly BuiltHouse Contexts = new("HyperConn.EntityFrameworkCore", typeof(EntityFrameworkCore.MigrateAllOptions));
}
