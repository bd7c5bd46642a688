using System.Runtime.CompilerServices;
using PublicApiGenerator;

namespace HyperConn.Tests.PublicApi;

public class PublicApiSpecs
{
    private const string Update = "HYPERCONN_APPROVE_API";

    [Fact]
    public void The_public_surface_is_the_approved_one()
    {
        var actual = typeof(ITenantPools).Assembly.GeneratePublicApi(new ApiGeneratorOptions
        {
            IncludeAssemblyAttributes = false,

            // By default it leaves out what lies in namespaces of Microsoft and System, where extension methods of ours do.
            DenyNamespacePrefixes = [],
        })
            .ReplaceLineEndings("\n") + "\n";
        var approved = Path.Combine(Folder(), "HyperConn.Actors.approved.txt");
        if (Environment.GetEnvironmentVariable(Update) == "1")
            File.WriteAllText(approved, actual);
        var expected = File.Exists(approved) ? File.ReadAllText(approved).ReplaceLineEndings("\n") : "";
        if (actual == expected)
            return;

        var (was, isNow) = (expected.Split('\n'), actual.Split('\n'));
        Assert.Fail(
            "The public API differs from tests/HyperConn.Actors.Tests/PublicApi/HyperConn.Actors.approved.txt.\n"
            + string.Join('\n', was.Except(isNow).Select(line => $"- {line}").Concat(isNow.Except(was).Select(line => $"+ {line}")))
            + $"\nIf that is meant, approve it: {Update}=1 dotnet test tests/HyperConn.Actors.Tests --filter {nameof(PublicApiSpecs)}");
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
