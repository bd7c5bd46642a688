namespace HyperConn.Tests.Architecture;

/// <summary>A library as it is written, and as it was built. Read once, for all facts of it.</summary>
internal sealed class BuiltHouse
{
    /// <param name="project">The project's name.</param>
    /// <param name="anyType">A type of it.</param>
    public BuiltHouse(string project, Type anyType)
    {
        var files = Source.FilesOf(project);
        Assembly = anyType.Assembly.Location;
        Types = Source.TypesIn(files);
        Written = new SourceRules(files);
        Graph = new House(
            [.. Types.DistinctBy(type => type.Name).Select(type => new Inhabitant(type.Name, type.File))],
            Dependencies.Of(Assembly).ToLookup(arrow => arrow.User, arrow => arrow.Used));
    }

    /// <summary>The assembly's file.</summary>
    public string Assembly { get; }

    /// <summary>Its top-level types, and where they are declared.</summary>
    public IReadOnlyList<(string Name, string File)> Types { get; }

    /// <summary>The rules for what is written.</summary>
    public SourceRules Written { get; }

    /// <summary>Who uses whom.</summary>
    public House Graph { get; }
}
