namespace HyperConn.Tests.Architecture;

/// <summary>The rules of the library's house, for its part in ASP.NET Core.</summary>
public class WebHouseSpecs
{
    private static readonly IReadOnlyDictionary<string, string[]> Files = Source.FilesOf("HyperConn.AspNetCore");

    private static readonly IReadOnlyList<(string Name, string File)> Types = Source.TypesIn(Files);

    private static readonly SourceRules Written = new(Files);

    private static readonly string Assembly = typeof(HyperConn.AspNetCore.RequireTenantAttribute).Assembly.Location;

    private static readonly Lazy<House> Web = new(() => new House(
        [.. Types.DistinctBy(type => type.Name).Select(type => new Inhabitant(type.Name, type.File))],
        Dependencies.Of(Assembly).ToLookup(arrow => arrow.User, arrow => arrow.Used)));

    [Fact]
    public void Every_type_is_found_in_the_source() => Assert.Empty(Dependencies.TypesOf(Assembly).Except(Types.Select(type => type.Name)));

    [Fact]
    public void No_folders_know_each_other() => AssertNone(Web.Value.CirclesOfFolders());

    [Fact]
    public void Inside_a_room_circles_are_small() => AssertNone(Web.Value.LargeCircles());

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
