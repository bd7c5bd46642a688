namespace HyperConn.Tests.Architecture;

/// <summary>A type of the library, and where it is declared.</summary>
/// <param name="Name">Its full name; nested and generated types count as the type they are in.</param>
/// <param name="Room">The folder: empty for the root.</param>
/// <param name="File">The file, for messages.</param>
internal sealed record Inhabitant(string Name, string Room, string File);

/// <summary>The rules of the house, for any graph of types: arrows between rooms go down, and no circle is large.</summary>
internal sealed class House(IReadOnlyCollection<Inhabitant> types, ILookup<string, string> uses)
{
    /// <summary>Most types that may depend on each other in a circle.</summary>
    public const int MaxCircle = 6;

    // What a room may use; a room is not asked for itself. From top to bottom.
    private static readonly Dictionary<string, string[]> Below = new(StringComparer.Ordinal)
    {
        ["Hosting"] = ["Diagnostics", "Pools", "Opening", "Leases", "Servers", "Secrets", "ConnectionStrings", "Configuration", "Primitives", ""],
        ["Diagnostics"] = ["Pools", "Opening", "Leases", "Servers", "Secrets", "Configuration", "Primitives", ""],
        ["Pools"] = ["Opening", "Leases", "Servers", "Secrets", "ConnectionStrings", "Configuration", "Primitives", ""],
        ["Opening"] = ["Leases", "Servers", "ConnectionStrings", "Configuration", "Primitives", ""],
        ["Leases"] = ["Servers", "ConnectionStrings", "Configuration", "Primitives", ""],
        ["Servers"] = ["Configuration", "Primitives", ""],
        ["Secrets"] = ["Configuration", "Primitives", ""],
        ["ConnectionStrings"] = ["Primitives", ""],
        ["Configuration"] = ["Primitives", ""],
        ["Primitives"] = [""],
        [""] = [],
    };

    private readonly Dictionary<string, Inhabitant> _types = types.ToDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>Rooms there is no rule for.</summary>
    public IReadOnlyList<string> UnknownRooms() => [.. types.Select(type => type.Room).Distinct().Where(room => !Below.ContainsKey(room))];

    /// <summary>Arrows that go up, or to a neighbour.</summary>
    public IReadOnlyList<string> WrongArrows() =>
    [
        .. from type in types
           from used in UsesOf(type)
           where used.Room != type.Room && Below.TryGetValue(type.Room, out var below) && !below.Contains(used.Room)
           select $"{type.Name} ({type.File}) uses {used.Name} ({used.File}): {type.Room} must not know {Called(used.Room)}. "
               + "Move what is shared down, or let the upper room implement an interface of the lower one.",
    ];

    /// <summary>Rooms that know each other, directly or by way of others.</summary>
    public IReadOnlyList<string> CirclesOfRooms()
    {
        var arrows = types.SelectMany(type => UsesOf(type).Select(used => (From: type.Room, To: used.Room))).Where(arrow => arrow.From != arrow.To)
            .ToLookup(arrow => arrow.From, arrow => arrow.To);
        return [.. Circles(types.Select(type => type.Room).Distinct(), arrows).Select(circle => $"These rooms know each other: {string.Join(", ", circle.Select(Called))}.")];
    }

    /// <summary>Types of one room that are entangled.</summary>
    public IReadOnlyList<string> LargeCircles() =>
    [
        .. from room in types.GroupBy(type => type.Room)
           let names = room.Select(type => type.Name).ToHashSet(StringComparer.Ordinal)
           let arrows = names.SelectMany(name => uses[name].Where(names.Contains).Select(to => (name, to))).ToLookup(arrow => arrow.name, arrow => arrow.to)
           from circle in Circles(names, arrows)
           where circle.Count > MaxCircle
           select $"{circle.Count} types of {Called(room.Key)} depend on each other in a circle, at most {MaxCircle} may: {string.Join(", ", circle.Order())}.",
    ];

    private static string Called(string room) => room.Length == 0 ? "the root folder" : room;

    private IEnumerable<Inhabitant> UsesOf(Inhabitant type) => uses[type.Name].Where(_types.ContainsKey).Select(name => _types[name]);

    /// <summary>Strongly connected components of more than one node (Tarjan).</summary>
    private static List<List<string>> Circles(IEnumerable<string> nodes, ILookup<string, string> arrows)
    {
        var (found, index, low) = (new List<List<string>>(), new Dictionary<string, int>(), new Dictionary<string, int>());
        var (stack, onStack) = (new Stack<string>(), new HashSet<string>());
        foreach (var node in nodes)
        {
            if (!index.ContainsKey(node))
                Visit(node);
        }

        return found;

        void Visit(string node)
        {
            index[node] = low[node] = index.Count;
            stack.Push(node);
            onStack.Add(node);
            foreach (var next in arrows[node])
            {
                if (!index.TryGetValue(next, out var visited))
                {
                    Visit(next);
                    low[node] = Math.Min(low[node], low[next]);
                }
                else if (onStack.Contains(next))
                {
                    low[node] = Math.Min(low[node], visited);
                }
            }

            if (low[node] != index[node])
                return;
            var circle = new List<string>();
            string member;
            do
            {
                member = stack.Pop();
                onStack.Remove(member);
                circle.Add(member);
            }
            while (member != node);
            if (circle.Count > 1)
                found.Add(circle);
        }
    }
}
