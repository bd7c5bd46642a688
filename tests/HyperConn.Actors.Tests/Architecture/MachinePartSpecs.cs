using System.Runtime.CompilerServices;

namespace HyperConn.Tests.Architecture;

/// <summary>What tests do where a part of the machine is missing.</summary>
public class MachinePartSpecs
{
    public static TheoryData<string> Parts => new(MachinePart.All.Select(part => part.ToString()));

    [Theory]
    [MemberData(nameof(Parts))]
    public void A_test_without_its_part_is_skipped_with_the_reason(string name)
    {
        foreach (var required in new[] { null, "", ",", string.Join(',', MachinePart.All.Where(other => other.ToString() != name)) })
        {
            var skipped = Assert.Throws<SkipException>(() => Part(name).Need(isThere: false, "Install it.", required));
            Assert.Equal("Install it.", skipped.Message);
        }
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public void Where_the_part_is_required_the_test_fails_and_says_why(string name)
    {
        foreach (var required in new[] { name, $" {name} ,", string.Join(", ", MachinePart.All) })
        {
            var failed = Assert.Throws<InvalidOperationException>(() => Part(name).Need(isThere: false, "Install it.", required));
            Assert.Equal($"HYPERCONN_REQUIRE wants '{name}' on this machine, and it is not to be had: Install it.", failed.Message);
        }
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public void A_part_that_is_there_lets_the_test_go_on(string name)
    {
        Part(name).Need(isThere: true, null, required: null);
        Part(name).Need(isThere: true, null, required: name);
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("postgres,AWS")]
    [InlineData("postgres;aws")]
    public void A_name_of_nothing_fails_the_test_though_its_part_is_there(string required)
    {
        var failed = Assert.Throws<InvalidOperationException>(() => MachinePart.Postgres.Need(isThere: true, null, required));
        Assert.EndsWith("which is none of postgres, aws, browser, pgbouncer.", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_test_skips_in_another_way_but_for_the_system_or_for_a_run_that_is_only_made_on_demand() => Assert.Empty(
        from file in Directory.EnumerateFiles(Path.Combine(Here(), "..", ".."), "*.cs", SearchOption.AllDirectories)
        where Path.GetFileName(file) is not "MachinePart.cs" and not "MachinePartSpecs.cs"
        from line in File.ReadLines(file)
        where line.Contains("Skip.If", StringComparison.Ordinal) || line.Contains("new SkipException", StringComparison.Ordinal)
            || line.Contains("Skip = ", StringComparison.Ordinal)
        where !line.Contains("OperatingSystem.Is", StringComparison.Ordinal) && !line.Contains("HYPERCONN_SCREENSHOTS", StringComparison.Ordinal)
        select $"{Path.GetFileName(file)}: {line.Trim()}");

    private static MachinePart Part(string name) => MachinePart.All.Single(part => part.ToString() == name);

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
