namespace HyperConn.Tests.Architecture;

/// <summary>The rules on how the library is written down, for any set of files.</summary>
/// <param name="files">Paths below the root of the library, with their lines.</param>
internal sealed class SourceRules(IReadOnlyDictionary<string, string[]> files)
{
    /// <summary>Most lines of a file, and of a type over all its files.</summary>
    public const int MaxLines = 300;

    // Stands in for a package in that package's namespaces, and is deleted when the package is there.
    private const string StandIn = "Secrets/AwsWire/";

    private static readonly string[] GeneratorAttributes =
        ["[LoggerMessage(", "[GeneratedRegex(", "[JsonSerializable(", "[OptionsValidator]", "[LibraryImport("];

    private static readonly string[] Settings =
    [
        "ThreadPool.SetMinThreads", "ThreadPool.SetMaxThreads", "AppContext.SetSwitch", "AppContext.SetData", "Environment.SetEnvironmentVariable",
        "Environment.Exit", "ServicePointManager.", "CultureInfo.DefaultThreadCurrent", "CultureInfo.Current", "Thread.CurrentThread.", "GCSettings.",
        "Console.SetOut", "Console.SetError", "UnobservedTaskException", "AppDomain.CurrentDomain", "TypeMapper", "NpgsqlLoggingConfiguration.",
        "ClearAllPools",
    ];

    private readonly List<Declaration> _handWritten =
    [
        .. from file in files
           where !file.Key.StartsWith(StandIn, StringComparison.Ordinal)
           from part in Declaration.In(file.Key, file.Value)
           select part,
    ];

    public IReadOnlyList<string> LongFiles() =>
    [
        .. from file in files
           where file.Value.Length > MaxLines
           select $"{file.Key} has {file.Value.Length} lines, at most {MaxLines} may be. "
               + "Is there a second concept in it? Give it a file of its own.",
    ];

    public IReadOnlyList<string> LongTypes() =>
    [
        .. from type in _handWritten.GroupBy(part => part.Name)
           let lines = type.Sum(part => part.Length)
           where lines > MaxLines
           select $"{type.Key} ({string.Join(", ", type.Select(part => part.File))}) has {lines} lines, at most {MaxLines} may be. "
               + "Find what it does besides its one task, and make that a type.",
    ];

    public IReadOnlyList<string> NeedlessPartials() =>
    [
        .. from part in _handWritten
           where part.IsPartial && !IsCompletedByGenerator(part)
           select $"{part.Name} ({part.File}) is partial, and no source generator adds to this part. Make it one class, or several types.",
    ];

    /// <summary>What belongs to the whole process is the application's alone.</summary>
    public IReadOnlyList<string> ProcessWideSettings() =>
    [
        .. from file in files
           from line in file.Value.Select((text, index) => (Text: text, Number: index + 1))
           from setting in Settings
           where !line.Text.TrimStart().StartsWith("//", StringComparison.Ordinal) && line.Text.Contains(setting, StringComparison.Ordinal)
           select $"{file.Key}:{line.Number} changes a setting of the whole process ({setting}), which other libraries in it depend on.",
    ];

    private bool IsCompletedByGenerator(Declaration part)
    {
        var lines = files[part.File];
        var attributes = lines[..part.First].Reverse().TakeWhile(line => line.TrimStart().StartsWith('['));
        return attributes.Concat(lines[part.First..(part.Last + 1)])
            .Any(line => GeneratorAttributes.Any(attribute => line.TrimStart().StartsWith(attribute, StringComparison.Ordinal)));
    }
}
