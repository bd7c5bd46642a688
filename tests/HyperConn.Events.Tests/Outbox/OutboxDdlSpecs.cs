using System.Runtime.CompilerServices;

namespace HyperConn.Events.Tests.Outbox;

/// <summary>What the outbox's DDL says, and that the documentation has it.</summary>
public sealed class OutboxDdlSpecs
{
    private const string Begin = "<!-- ddl outbox -->\n```sql\n";
    private const string End = "```\n<!-- end outbox -->";

    [Fact]
    public async Task The_documentation_has_it_as_it_is_run()
    {
        var path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "docs", "operations.md"));
        var text = await File.ReadAllTextAsync(path);
        var (from, to) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        Assert.True(from >= Begin.Length && to >= from, "docs/operations.md has no place for the outbox's DDL.");

        // As elsewhere: with HYPERCONN_UPDATE_DOCS=1 it is written instead.
        if (Environment.GetEnvironmentVariable("HYPERCONN_UPDATE_DOCS") == "1")
            await File.WriteAllTextAsync(path, text[..from] + OutboxSql.Ddl() + "\n" + text[to..]);
        else
            Assert.Equal(OutboxSql.Ddl() + "\n", text[from..to]);
    }

    [Theory]
    [InlineData("a; drop table x")]
    [InlineData("\"quoted\"")]
    [InlineData("a.b.c")]
    [InlineData("")]
    public void A_name_that_is_none_never_gets_into_it(string table) => Assert.Throws<ArgumentException>(() => OutboxSql.Ddl(table));

    [Fact]
    public void Names_of_what_goes_with_a_long_name_fit_into_63_characters()
    {
        var names = System.Text.RegularExpressions.Regex.Matches(OutboxSql.Ddl("s." + new string('t', 63)), "\"([^\"]+)\"").Select(match => match.Groups[1].Value);

        Assert.All(names, name => Assert.InRange(name.Length, 1, 63));
        Assert.InRange(OutboxSql.Channel("s." + new string('t', 63)).Length, 1, 63);
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
