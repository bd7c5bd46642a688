namespace HyperConn.Tests.Architecture;

/// <summary>A type of the library, and where it is declared.</summary>
/// <param name="Name">Its full name; nested and generated types count as the type they are in.</param>
/// <param name="File">The file, as path below the root of the library.</param>
internal sealed record Inhabitant(string Name, string File)
{
    /// <summary>The first folder of the path: empty for the root.</summary>
    public string Room => Source.RoomOf(File);

    /// <summary>All folders of the path: empty for the root.</summary>
    public string Folder => File.Contains('/', StringComparison.Ordinal) ? File[..File.LastIndexOf('/')] : "";
}

/// <summary>The rules of the house, for any graph of types: arrows between rooms go down, and no circle is large.</summary>
internal sealed class House(IReadOnlyCollection<Inhabitant> types, ILookup<string, string> uses)
{
    /// <summary>Most types that may depend on each other in a circle.</summary>
    public const int MaxCircle = 6;

    // What a room may use; a room is not asked for itself. From top to bottom.
    private static readonly Dictionary<string, string[]> Below = new(StringComparer.Ordinal)
    {
        ["Hosting"] = ["Diagnostics", "Pools", "Opening", "Leases", "Servers", "TypeCatalogues", "Secrets", "ConnectionStrings", "Configuration", "Primitives", ""],
        ["Diagnostics"] = ["Pools", "Opening", "Leases", "Servers", "TypeCatalogues", "Secrets", "Configuration", "Primitives", ""],
        ["Pools"] = ["Opening", "Leases", "Servers", "TypeCatalogues", "Secrets", "ConnectionStrings", "Configuration", "Primitives", ""],
        ["Opening"] = ["Leases", "Servers", "ConnectionStrings", "Configuration", "Primitives", ""],
        ["Leases"] = ["Servers", "TypeCatalogues", "ConnectionStrings", "Configuration", "Primitives", ""],
        ["Servers"] = ["Configuration", "Primitives", ""],
        ["TypeCatalogues"] = ["Primitives", ""],
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

    /// <summary>Using directives that name the namespace of a room above, or of a neighbour.</summary>
    public static IReadOnlyList<string> WrongUsings(IReadOnlyDictionary<string, string[]> files) =>
    [
        .. from file in files
           let room = Source.RoomOf(file.Key)
           from line in file.Value
           let used = Below.Keys.FirstOrDefault(other => other.Length > 0 && other != room && Names(line, other))
           where used is not null && Below.TryGetValue(room, out var below) && !below.Contains(used)
           select $"{file.Key} says \"{line.Trim()}\": {Called(room)} must not know {used}. "
               + "Move what it takes from there down, a constant for instance.",
    ];

    /// <summary>Folders that know each other, directly or by way of others.</summary>
    public IReadOnlyList<string> CirclesOfFolders()
    {
        var arrows = (from type in types from used in UsesOf(type) where used.Folder != type.Folder select (From: type, To: used)).ToList();
        var folders = arrows.ToLookup(arrow => arrow.From.Folder, arrow => arrow.To.Folder);
        return
        [
            .. from circle in Circles(types.Select(type => type.Folder).Distinct(), folders)
               let inside = arrows.Where(arrow => circle.Contains(arrow.From.Folder) && circle.Contains(arrow.To.Folder))
               // The fewest first: they are the easiest to turn round.
               let ways = inside.GroupBy(arrow => (arrow.From.Folder, arrow.To.Folder)).OrderBy(way => way.Count())
               select $"These folders know each other: {string.Join(", ", circle.Order(StringComparer.Ordinal).Select(Called))}. "
                   + "Turn the arrows of one way round with an interface in the lower folder, or move what both use down:"
                   + Lines(ways.SelectMany(way => way)),
        ];
    }

    /// <summary>Types of one room that are entangled.</summary>
    public IReadOnlyList<string> LargeCircles() =>
    [
        .. from room in types.GroupBy(type => type.Room)
           let arrows = (from type in room from used in UsesOf(type) where used.Room == room.Key select (From: type, To: used)).ToList()
           from circle in Circles(room.Select(type => type.Name), arrows.ToLookup(arrow => arrow.From.Name, arrow => arrow.To.Name))
           where circle.Count > MaxCircle
           let inside = arrows.Where(arrow => circle.Contains(arrow.From.Name) && circle.Contains(arrow.To.Name))
           select $"{circle.Count} types of {Called(room.Key)} depend on each other in a circle, at most {MaxCircle} may. "
               + $"Let one of them know an interface, a delegate or a plain value instead of the next:{Lines(inside)}",
    ];

    private static string Lines(IEnumerable<(Inhabitant From, Inhabitant To)> arrows) =>
        string.Concat(arrows.Select(arrow => $"\n  {arrow.From.Name} ({arrow.From.File}) uses {arrow.To.Name} ({arrow.To.File})"));

    private static bool Names(string line, string room) => line.Contains("using ", StringComparison.Ordinal)
        && (line.Contains($" HyperConn.{room};", StringComparison.Ordinal) || line.Contains($" HyperConn.{room}.", StringComparison.Ordinal));

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
