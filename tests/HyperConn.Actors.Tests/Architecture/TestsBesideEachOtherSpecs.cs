namespace HyperConn.Tests.Architecture;

/// <summary>Tests run beside each other: what belongs to the whole process is changed by none, but in the one collection that runs alone.</summary>
public class TestsBesideEachOtherSpecs
{
    private const string Alone = $"[Collection(nameof({nameof(TenantEnvironmentSpecs)}))]";

    // It quotes what it looks for.
    private static readonly string[] Rules = ["Architecture/Rules/SourceRules.cs", "Architecture/SourceRulesSpecs.cs"];

    [Fact]
    public void No_test_changes_a_setting_of_the_whole_process_that_another_reads()
    {
        var tests = Source.FilesOf("../tests")
            .Where(file => !file.Key.Contains("/obj/", StringComparison.Ordinal) && !Rules.Any(rule => file.Key.EndsWith(rule, StringComparison.Ordinal)))
            .ToDictionary();
        var alone = tests.Where(file => file.Value.Contains(Alone)).Select(file => file.Key).ToHashSet(StringComparer.Ordinal);

        Assert.NotEmpty(alone);
        var faults = new SourceRules(tests).ProcessWideSettings().Where(fault => !alone.Contains(fault[..fault.IndexOf(':', StringComparison.Ordinal)]));
        Assert.True(!faults.Any(), string.Join("\n", faults));
    }
}
