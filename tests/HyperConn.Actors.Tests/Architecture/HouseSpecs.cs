namespace HyperConn.Tests.Architecture;

/// <summary>The shape of the library, as docs/architecture.md draws it.</summary>
public class HouseSpecs
{
    private static readonly Lazy<House> Library = new(Load);

    private static readonly SourceRules Written = new(Source.Files);

    [Fact]
    public void Every_folder_is_a_known_room() => Assert.Empty(Library.Value.UnknownRooms());

    [Fact]
    public void Every_type_is_found_in_the_source() => Assert.Empty(
        Dependencies.TypesOf(typeof(TenantKey).Assembly.Location).Except(Source.Types.Select(type => type.Name)));

    [Fact]
    public void Arrows_between_rooms_go_down() => AssertNone(Library.Value.WrongArrows());

    // Constants, nameof and comments leave no trace in the assembly, but need these.
    [Fact]
    public void Using_directives_go_down() => AssertNone(House.WrongUsings(Source.Files));

    [Fact]
    public void No_folders_know_each_other() => AssertNone(Library.Value.CirclesOfFolders());

    [Fact]
    public void Inside_a_room_circles_are_small() => AssertNone(Library.Value.LargeCircles());

    [Fact]
    public void Internal_types_live_in_the_namespace_of_their_room() => AssertNone(
    [
        .. from type in Source.Types
           let space = type.Name[..type.Name.LastIndexOf('.')]
           where space.StartsWith("HyperConn", StringComparison.Ordinal) && space != "HyperConn" && space != $"HyperConn.{Source.RoomOf(type.File)}"
           select $"{type.Name} is declared in {type.File}.",
    ]);

    [Fact]
    public void No_file_is_long() => AssertNone(Written.LongFiles());

    [Fact]
    public void No_type_is_long() => AssertNone(Written.LongTypes());

    [Fact]
    public void Partial_types_are_for_source_generators_only() => AssertNone(Written.NeedlessPartials());

    [Fact]
    public void No_setting_of_the_whole_process_is_touched() => AssertNone(Written.ProcessWideSettings());

    private static void AssertNone(IReadOnlyCollection<string> faults) => Assert.True(faults.Count == 0, string.Join('\n', faults));

    private static House Load() => new(
        [.. Source.Types.DistinctBy(type => type.Name).Select(type => new Inhabitant(type.Name, type.File))],
        Dependencies.Of(typeof(TenantKey).Assembly.Location).ToLookup(arrow => arrow.User, arrow => arrow.Used));
}
