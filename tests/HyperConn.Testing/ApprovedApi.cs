using System.Reflection;
using System.Runtime.CompilerServices;
using PublicApiGenerator;

namespace HyperConn;

/// <summary>The public surface of a library, compared with what was approved: a text file beside the spec.</summary>
internal static class ApprovedApi
{
    private const string Update = "HYPERCONN_APPROVE_API";

    /// <summary>Fails with the difference, if there is one.</summary>
    /// <param name="library">The library.</param>
    /// <param name="spec">Path of the spec's file.</param>
    public static void Check(Assembly library, [CallerFilePath] string spec = "")
    {
        var actual = library.GeneratePublicApi(new ApiGeneratorOptions
        {
            IncludeAssemblyAttributes = false,

            // By default it leaves out what lies in namespaces of Microsoft and System, where extension methods of ours do.
            DenyNamespacePrefixes = [],
        })
            .ReplaceLineEndings("\n") + "\n";
        var approved = Path.Combine(Path.GetDirectoryName(spec)!, $"{library.GetName().Name}.approved.txt");
        if (Environment.GetEnvironmentVariable(Update) == "1")
            File.WriteAllText(approved, actual);
        var expected = File.Exists(approved) ? File.ReadAllText(approved).ReplaceLineEndings("\n") : "";
        if (actual == expected)
            return;

        var (was, isNow) = (expected.Split('\n'), actual.Split('\n'));
        Assert.Fail(
            $"The public API differs from {approved}.\n"
            + string.Join('\n', was.Except(isNow).Select(line => $"- {line}").Concat(isNow.Except(was).Select(line => $"+ {line}")))
            + $"\nIf that is meant, approve it: run this spec with {Update}=1");
    }
}
