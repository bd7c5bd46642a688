using ArchUnitNET.Loader;

namespace HyperConn.Tests.Architecture;

/// <summary>The shape of the library, as docs/architecture.md draws it.</summary>
public class HouseSpecs
{
    private const int MaxLines = 300;

    private static readonly Lazy<House> Library = new(Load);

    [Fact]
    public void Every_folder_is_a_known_room() => Assert.Empty(Library.Value.UnknownRooms());

    [Fact]
    public void Arrows_between_rooms_go_down() => AssertNone(Library.Value.WrongArrows());

    [Fact]
    public void No_rooms_know_each_other() => AssertNone(Library.Value.CirclesOfRooms());

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
    public void No_file_is_long() => AssertNone(
        [.. Source.Files.Where(file => file.Value.Length > MaxLines).Select(file => $"{file.Key} has {file.Value.Length} lines; is there a second concept in it?")]);

    [Fact]
    public void Partial_classes_are_for_source_generators_only() => AssertNone(
    [
        .. from file in Source.Files
           where file.Value.Any(line => line.Contains(" partial class ", StringComparison.Ordinal))
               && !file.Value.Any(line => line.Contains("[LoggerMessage(", StringComparison.Ordinal) || line.Contains("[GeneratedRegex(", StringComparison.Ordinal))
           where !file.Key.StartsWith("Secrets/AwsWire/", StringComparison.Ordinal)
           select file.Key,
    ]);

    [Fact]
    public void The_rules_find_an_arrow_that_goes_up()
    {
        var house = Made([("A", "Servers"), ("B", "Leases")], [("A", "B")]);
        Assert.Contains("A (A.cs) uses B (B.cs): Servers must not know Leases", Assert.Single(house.WrongArrows()), StringComparison.Ordinal);
        Assert.Empty(Made([("A", "Servers"), ("B", "Leases")], [("B", "A")]).WrongArrows());
    }

    [Fact]
    public void The_rules_find_rooms_that_know_each_other()
    {
        var house = Made([("A", "Servers"), ("B", "Leases"), ("C", "Leases"), ("D", "Pools")], [("A", "B"), ("C", "A"), ("D", "A")]);
        Assert.Equal("These rooms know each other: Leases, Servers.", Assert.Single(house.CirclesOfRooms()));
    }

    [Fact]
    public void The_rules_find_a_circle_of_seven_and_let_one_of_six_be()
    {
        Assert.Contains("7 types of Pools", Assert.Single(Circle(7).LargeCircles()), StringComparison.Ordinal);
        Assert.Empty(Circle(6).LargeCircles());

        static House Circle(int size) => Made(
            [.. Enumerable.Range(0, size).Select(i => ($"T{i}", "Pools"))], [.. Enumerable.Range(0, size).Select(i => ($"T{i}", $"T{(i + 1) % size}"))]);
    }

    [Fact]
    public void The_rules_find_a_room_nobody_thought_of() => Assert.Equal(["Attic"], Made([("A", "Attic")], []).UnknownRooms());

    private static void AssertNone(IReadOnlyCollection<string> faults) => Assert.True(faults.Count == 0, string.Join('\n', faults));

    private static House Made((string Name, string Room)[] types, (string From, string To)[] arrows) => new(
        [.. types.Select(type => new Inhabitant(type.Name, type.Room, $"{type.Name}.cs"))],
        arrows.ToLookup(arrow => arrow.From, arrow => arrow.To));

    private static House Load()
    {
        var declared = Source.Types.GroupBy(type => type.Name).ToDictionary(group => group.Key, group => group.First().File, StringComparer.Ordinal);
        var loaded = new ArchLoader().LoadAssemblies(typeof(TenantKey).Assembly).Build();
        var arrows = from type in loaded.Types
                     from dependency in type.Dependencies
                     let user = Outermost(type.FullName)
                     let used = Outermost(dependency.Target.FullName)
                     where user != used
                     select (user, used);
        return new House(
            [.. declared.Select(type => new Inhabitant(type.Key, Source.RoomOf(type.Value), type.Value))],
            arrows.Distinct().ToLookup(arrow => arrow.user, arrow => arrow.used));
    }

    // Nested and generated types belong to the one they are in.
    private static string Outermost(string name)
    {
        var end = name.IndexOfAny(['+', '/', '<']);
        return end > 0 ? name[..end] : name;
    }
}
