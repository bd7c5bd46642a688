namespace HyperConn.Tests.Architecture;

/// <summary>The shape of the library, as docs/architecture.md draws it.</summary>
public class HouseSpecs() : HouseFacts(Library)
{
    private static readonly BuiltHouse Library = new("HyperConn.Actors", typeof(TenantKey));

    [Fact]
    public void Every_folder_is_a_known_room() => Assert.Empty(Library.Graph.UnknownRooms());

    [Fact]
    public void Arrows_between_rooms_go_down() => AssertNone(Library.Graph.WrongArrows());

    // Constants, nameof and comments leave no trace in the assembly, but need these.
    [Fact]
    public void Using_directives_go_down() => AssertNone(House.WrongUsings(Source.Files));

    [Fact]
    public void Internal_types_live_in_the_namespace_of_their_room() => AssertNone(
    [
        .. from type in Library.Types
           let space = type.Name[..type.Name.LastIndexOf('.')]
           where space.StartsWith("HyperConn", StringComparison.Ordinal) && space != "HyperConn" && space != $"HyperConn.{Source.RoomOf(type.File)}"
           select $"{type.Name} is declared in {type.File}.",
    ]);
}
