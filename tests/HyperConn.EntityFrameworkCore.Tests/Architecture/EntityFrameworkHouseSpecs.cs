namespace HyperConn.Tests.Architecture;

/// <summary>The rules of the library's house, for contexts of Entity Framework Core.</summary>
public class EntityFrameworkHouseSpecs
{
    private static readonly IReadOnlyDictionary<string, string[]> Files = Source.FilesOf("HyperConn.EntityFrameworkCore");

    private static readonly IReadOnlyList<(string Name, string File)> Types = Source.TypesIn(Files);

    private static readonly SourceRules Written = new(Files);

    private static readonly string Assembly = typeof(EntityFrameworkCore.MigrateAllOptions).Assembly.Location;

    private static readonly Lazy<House> Contexts = new(() => new House(
        [.. Types.DistinctBy(type => type.Name).Select(type => new Inhabitant(type.Name, type.File))],
        Dependencies.Of(Assembly).ToLookup(arrow => arrow.User, arrow => arrow.Used)));

    [Fact]
    public void Every_type_is_found_in_the_source() => Assert.Empty(Dependencies.TypesOf(Assembly).Except(Types.Select(type => type.Name)));

    [Fact]
    public void No_folders_know_each_other() => AssertNone(Contexts.Value.CirclesOfFolders());

    [Fact]
    public void Inside_a_room_circles_are_small() => AssertNone(Contexts.Value.LargeCircles());

    [Fact]
    public void No_file_is_long() => AssertNone(Written.LongFiles());

    [Fact]
    public void No_type_is_long() => AssertNone(Written.LongTypes());

    [Fact]
    public void Partial_types_are_for_source_generators_only() => AssertNone(Written.NeedlessPartials());

    [Fact]
    public void No_setting_of_the_whole_process_is_touched() => AssertNone(Written.ProcessWideSettings());

    private static void AssertNone(IReadOnlyCollection<string> faults) => Assert.True(faults.Count == 0, string.Join('\n', faults));
}
