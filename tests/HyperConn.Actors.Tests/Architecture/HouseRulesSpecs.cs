namespace HyperConn.Tests.Architecture;

/// <summary>The rules themselves, shown what they are there to find.</summary>
public class HouseRulesSpecs
{
    [Fact]
    public void An_arrow_that_goes_up_is_found()
    {
        var wrong = Assert.Single(Made([("A", "Servers"), ("B", "Leases")], [("A", "B")]).WrongArrows());
        Assert.StartsWith("A (Servers/A.cs) uses B (Leases/B.cs): Servers must not know Leases. Move", wrong, StringComparison.Ordinal);
        Assert.Empty(Made([("A", "Servers"), ("B", "Leases")], [("B", "A")]).WrongArrows());
    }

    [Theory]
    [InlineData("Secrets", "Servers")]
    [InlineData("Secrets", "ConnectionStrings")]
    [InlineData("Servers", "ConnectionStrings")]
    public void Neighbours_don_t_know_each_other(string one, string other)
    {
        Assert.Single(Made([("A", one), ("B", other)], [("A", "B")]).WrongArrows());
        Assert.Single(Made([("A", one), ("B", other)], [("B", "A")]).WrongArrows());
    }

    [Fact]
    public void The_root_folder_uses_no_room() => Assert.Single(Made([("A", ""), ("B", "Primitives")], [("A", "B")]).WrongArrows());

    [Fact]
    public void Folders_that_know_each_other_are_found_with_each_arrow()
    {
        var house = Made([("A", "Servers"), ("B", "Leases"), ("C", "Leases"), ("D", "Pools")], [("A", "B"), ("C", "A"), ("D", "A")]);
        var circle = Assert.Single(house.CirclesOfFolders());
        Assert.StartsWith("These folders know each other: Leases, Servers. Turn", circle, StringComparison.Ordinal);
        Assert.EndsWith(
            ":\n  A (Servers/A.cs) uses B (Leases/B.cs)\n  C (Leases/C.cs) uses A (Servers/A.cs)", circle, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_inside_a_room_is_a_folder() =>
        Assert.Single(Made([("A", "Secrets"), ("B", "Secrets/AwsWire")], [("A", "B"), ("B", "A")]).CirclesOfFolders());

    [Fact]
    public void Three_folders_in_a_circle_are_found()
    {
        var house = Made([("A", "Servers"), ("B", "Leases"), ("C", "Pools")], [("A", "C"), ("C", "B"), ("B", "A")]);
        Assert.Contains("Leases, Pools, Servers", Assert.Single(house.CirclesOfFolders()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_circle_of_seven_types_is_found_and_one_of_six_let_be()
    {
        var circle = Assert.Single(Circle(7).LargeCircles());
        Assert.StartsWith("7 types of Pools depend on each other in a circle", circle, StringComparison.Ordinal);
        Assert.Contains("\n  T6 (Pools/T6.cs) uses T0 (Pools/T0.cs)", circle, StringComparison.Ordinal);
        Assert.Empty(Circle(6).LargeCircles());

        static House Circle(int size) => Made(
            [.. Enumerable.Range(0, size).Select(i => ($"T{i}", "Pools"))],
            [.. Enumerable.Range(0, size).Select(i => ($"T{i}", $"T{(i + 1) % size}"))]);
    }

    [Fact]
    public void A_room_nobody_thought_of_is_found() => Assert.Equal(["Attic"], Made([("A", "Attic")], []).UnknownRooms());

    [Fact]
    public void A_using_directive_that_goes_up_is_found()
    {
        var wrong = Assert.Single(Using("Servers/A.cs"));
        Assert.StartsWith("Servers/A.cs says \"using HyperConn.Leases;\": Servers must not know Leases.", wrong, StringComparison.Ordinal);
        Assert.Single(Using("A.cs"));
        Assert.Empty(Using("Pools/A.cs"));
        Assert.Empty(Using("Leases/A.cs"));

        static IReadOnlyList<string> Using(string file) =>
            House.WrongUsings(new Dictionary<string, string[]> { [file] = ["using HyperConn.Leases;"] });
    }

    private static House Made((string Name, string Folder)[] types, (string From, string To)[] arrows) => new(
        [.. types.Select(type => new Inhabitant(type.Name, type.Folder.Length == 0 ? $"{type.Name}.cs" : $"{type.Folder}/{type.Name}.cs"))],
        arrows.ToLookup(arrow => arrow.From, arrow => arrow.To));
}
