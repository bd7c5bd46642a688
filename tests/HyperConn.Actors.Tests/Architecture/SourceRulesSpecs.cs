namespace HyperConn.Tests.Architecture;

/// <summary>The rules on files, types and partials, shown what they are there to find.</summary>
public class SourceRulesSpecs
{
    [Fact]
    public void A_file_of_301_lines_is_found_and_one_of_300_let_be()
    {
        var fault = Assert.Single(Rules(("Pools/A.cs", new string('\n', 300))).LongFiles());
        Assert.StartsWith("Pools/A.cs has 301 lines", fault, StringComparison.Ordinal);
        Assert.Empty(Rules(("Pools/A.cs", new string('\n', 299))).LongFiles());
    }

    [Fact]
    public void A_type_is_as_long_as_all_its_parts_together()
    {
        var rules = Rules(("Pools/A.cs", Part(body: 148)), ("Pools/A.More.cs", Part(body: 148)));
        var fault = Assert.Single(rules.LongTypes());
        Assert.StartsWith("HyperConn.Pools.A (Pools/A.cs, Pools/A.More.cs) has 302 lines", fault, StringComparison.Ordinal);
        Assert.Empty(rules.LongFiles());
        Assert.Empty(Rules(("Pools/A.cs", Part(body: 148)), ("Pools/A.More.cs", Part(body: 146))).LongTypes());
    }

    [Theory]
    [InlineData("class")]
    [InlineData("record")]
    [InlineData("struct")]
    [InlineData("interface")]
    public void A_partial_type_that_no_generator_needs_is_found(string kind)
    {
        var fault = Assert.Single(Rules(("Pools/A.cs", Part(body: 1, kind))).NeedlessPartials());
        Assert.StartsWith("HyperConn.Pools.A (Pools/A.cs) is partial", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_generator_in_the_same_file_does_not_excuse_another_type()
    {
        const string Log = "\ninternal static partial class Log\n{\n    [LoggerMessage(1)]\n    public static partial void Done();\n}";
        var fault = Assert.Single(Rules(("Pools/A.cs", Part(body: 1) + Log)).NeedlessPartials());
        Assert.StartsWith("HyperConn.Pools.A ", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_nested_partial_type_is_found()
    {
        const string Nested = "namespace HyperConn.Pools;\ninternal sealed class A\n{\n    private sealed partial class B\n    {\n    }\n}";
        var fault = Assert.Single(Rules(("Pools/A.cs", Nested)).NeedlessPartials());
        Assert.StartsWith("HyperConn.Pools.A/B (Pools/A.cs)", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{0}internal static partial class A\n{{\n    [LoggerMessage(1)]\n    public static partial void Done();\n}}")]
    [InlineData("{0}internal static partial class A\n{{\n    [GeneratedRegex(\"a\")]\n    private static partial Regex A();\n}}")]
    [InlineData("{0}[JsonSerializable(typeof(int))]\ninternal sealed partial class A : JsonSerializerContext;")]
    public void What_generators_complete_is_let_be(string type) =>
        Assert.Empty(Rules(("Pools/A.cs", string.Format(null, type, "namespace HyperConn.Pools;\n"))).NeedlessPartials());

    [Fact]
    public void The_stand_in_for_a_package_may_be_written_as_the_package_is_but_in_short_files()
    {
        var rules = Rules(("Secrets/AwsWire/A.cs", Part(body: 400)));
        Assert.Empty(rules.NeedlessPartials());
        Assert.Empty(rules.LongTypes());
        Assert.Single(rules.LongFiles());
    }

    [Theory]
    [InlineData("ThreadPool.SetMinThreads(200, 200);", true)]
    [InlineData("        if (x) AppContext.SetSwitch(name, true);", true)]
    [InlineData("    // Not ThreadPool.SetMinThreads: that is the application's.", false)]
    [InlineData("    /// <see cref=\"ThreadPool.SetMinThreads\"/>", false)]
    [InlineData("ThreadPool.GetMinThreads(out var x, out _);", false)]
    public void Settings_of_the_whole_process_are_found(string line, bool found) =>
        Assert.Equal(found, Rules(("Pools/A.cs", line)).ProcessWideSettings().Count == 1);

    [Fact]
    public void Every_kind_of_type_is_found_with_its_arity_and_its_end()
    {
        string[] lines =
        [
            "namespace HyperConn.Pools;", "",
            "public readonly record struct A(int Value);",
            "internal delegate Task<int> B<in T>(T value);",
            "internal sealed record C<TKey, TValue>(", "    TKey Key)", "{", "    private enum D", "    {", "        One,", "    }", "}",
            "file sealed class E { }",
        ];
        Assert.Equal(
            [("A", 1), ("B`1", 1), ("C`2", 8), ("C`2/D", 4), ("E", 1)],
            Declaration.In("Pools/A.cs", lines).Select(type => (type.Name["HyperConn.Pools.".Length..], type.Length)));
    }

    private static string Part(int body, string kind = "class") =>
        $"namespace HyperConn.Pools;\ninternal partial {kind} A\n{{{string.Concat(Enumerable.Repeat("\n    // …", body))}\n}}";

    private static SourceRules Rules(params (string Path, string Text)[] files) =>
        new(files.ToDictionary(file => file.Path, file => file.Text.Split('\n'), StringComparer.Ordinal));
}
