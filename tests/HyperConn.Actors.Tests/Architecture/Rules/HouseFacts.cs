namespace HyperConn.Tests.Architecture;

/// <summary>What holds for every library of the house.</summary>
public abstract class HouseFacts
{
    private readonly BuiltHouse _house;

    private protected HouseFacts(BuiltHouse house) => _house = house;

    [Fact]
    public void Every_type_is_found_in_the_source() =>
        Assert.Empty(Dependencies.TypesOf(_house.Assembly).Except(_house.Types.Select(type => type.Name)));

    [Fact]
    public void No_folders_know_each_other() => AssertNone(_house.Graph.CirclesOfFolders());

    [Fact]
    public void Inside_a_room_circles_are_small() => AssertNone(_house.Graph.LargeCircles());

    [Fact]
    public void No_file_is_long() => AssertNone(_house.Written.LongFiles());

    [Fact]
    public void No_type_is_long() => AssertNone(_house.Written.LongTypes());

    [Fact]
    public void Partial_types_are_for_source_generators_only() => AssertNone(_house.Written.NeedlessPartials());

    [Fact]
    public void No_setting_of_the_whole_process_is_touched() => AssertNone(_house.Written.ProcessWideSettings());

    /// <summary>Nothing is wrong, or what is.</summary>
    private protected static void AssertNone(IReadOnlyCollection<string> faults) => Assert.True(faults.Count == 0, string.Join('\n', faults));
}
