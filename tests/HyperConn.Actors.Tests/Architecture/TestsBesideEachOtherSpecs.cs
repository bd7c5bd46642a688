namespace HyperConn.Tests.Architecture;

/// <summary>Tests run beside each other: what belongs to the whole process is changed by none, but in the one collection that runs alone.</summary>
public class TestsBesideEachOtherSpecs
{
    private const string Alone = $"[Collection(nameof({nameof(TenantEnvironmentSpecs)}))]";

    // They quote what is looked for, or are a process of their own.
    private static readonly string[] Others =
        ["Architecture/Rules/SourceRules.cs", "Architecture/SourceRulesSpecs.cs", "HyperConn.Chaos/Program.cs"];

    [Fact]
    public void No_test_changes_a_setting_of_the_whole_process_that_another_reads()
    {
        var tests = Source.FilesOf("../tests")
            .Where(file => !file.Key.Contains("/obj/", StringComparison.Ordinal) && !Others.Any(other => file.Key.EndsWith(other, StringComparison.Ordinal)))
            .ToDictionary();
        var alone = tests.Where(file => file.Value.Contains(Alone)).Select(file => file.Key).ToHashSet(StringComparer.Ordinal);

        Assert.NotEmpty(alone);
        var faults = new SourceRules(tests).ProcessWideSettings().Where(fault => !alone.Contains(fault[..fault.IndexOf(':', StringComparison.Ordinal)]));
        Assert.True(!faults.Any(), string.Join("\n", faults));
    }
}
