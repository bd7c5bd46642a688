using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Akka.Configuration;
using HyperConn.Host;

namespace HyperConn.Tests.Configuration;

/// <summary>What is wrong with a configuration file is said with its place and never with its text.</summary>
public sealed partial class HoconFileSpecs
{
    private const string Sample = """"
        # a comment with ] and "
        hyperconn {
          project-name = "ac\"me]", services = ["core", "bill}ing"] // another [
          secrets { store = file, file.path = ${FOLDER}, aws.secret-access-key = ${?KEY} }
        }
        hyperconn-host.worker.statements.default = """
        insert into "events" values ('{', '#')
        """

        """";

    private static readonly Dictionary<string, string> Variables = new() { ["FOLDER"] = """C:\a "b" #{x}""", ["KEY"] = "k$1" };

    [Fact]
    public void A_well_formed_file_is_read_with_its_variables()
    {
        var config = Parse(Sample);

        Assert.Equal("ac\"me]", config.GetString("hyperconn.project-name"));
        Assert.Equal(["core", "bill}ing"], config.GetStringList("hyperconn.services"));
        Assert.Equal(Variables["FOLDER"], config.GetString("hyperconn.secrets.file.path"));
        Assert.Equal("k$1", config.GetString("hyperconn.secrets.aws.secret-access-key"));
        Assert.Contains("insert into \"events\" values ('{', '#')", config.GetString("hyperconn-host.worker.statements.default"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hyperconn { services=[\"core\", }", "line 1: '}' stands where the '[' of line 1 should be closed.")]
    [InlineData("hyperconn {\n services = [\"core\"\n", "line 2: '[' is never closed.")]
    [InlineData("hyperconn {\n pools { max-pools = 1\n}\n", "line 1: '{' is never closed.")]
    [InlineData("a = 1\n}\n", "line 2: '}' closes nothing.")]
    [InlineData("a = 1\nb = \"canary\nc = 2\n", "line 2: a quote is not closed on its line")]
    [InlineData("a = \"\"\"canary\n", "line 1: the text that begins with \"\"\" is never closed.")]
    [InlineData("a = ${NOT_SET}\n", "line 1: the environment variable NOT_SET is not set.")]
    [InlineData("a = canary${KEY}\n", "line 1: '${NAME}' must be the whole value.")]
    [InlineData("a = ${KEY}canary\n", "line 1: '${NAME}' must be the whole value.")]
    [InlineData("a = canary${KEY\n", "line 1: '${' is not closed by '}'.")]
    [InlineData("a = ${?x.y}\n", "line 1: only an environment variable can be optional")]
    [InlineData("x = 1\nsecret-access-key = canary$def\n", "line 2, column 27: unexpected character. Put values in double quotes.")]
    [InlineData("secret-access-key = canary+/==\n", "line 1, column 27: unexpected character.")]
    [InlineData("password = canary&x\n", "line 1, column 18: unexpected character.")]
    public void What_is_wrong_is_said_with_its_place_and_without_its_text(string text, string message)
    {
        var refused = Assert.Throws<CommandException>(() => Parse(text));

        Assert.StartsWith("x.conf, " + message, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_optional_variable_that_is_not_set_leaves_what_was_there_and_what_follows()
    {
        var config = Parse("""
            a = 1
            a = ${?NOT_SET}   # a comment
            b { c = ${?NOT_SET}, d = 2, e = ${?NOT_SET} }
            f = [${?NOT_SET}, "g", ${KEY}]
            h = ${?NOT_SET}
            i = 3
            """);

        Assert.Equal("1", config.GetString("a"));
        Assert.False(config.HasPath("b.c"));
        Assert.Equal("2", config.GetString("b.d"));
        Assert.False(config.HasPath("b.e"));
        Assert.Equal(["g", "k$1"], config.GetStringList("f"));
        Assert.False(config.HasPath("h"));
        Assert.Equal("3", config.GetString("i"));
    }

    [Fact]
    public void A_setting_of_the_same_file_can_still_stand_for_another()
    {
        Assert.Equal("5", Parse("x.y = 5\na = ${x.y}\n").GetString("a"));
        Assert.Equal("6", Parse("KEY = 6\na = ${KEY}\n").GetString("a"));
    }

    [Fact]
    public void A_file_with_any_one_character_missing_is_read_or_refused_and_nothing_hangs()
    {
        for (var i = 0; i < Sample.Length; i++)
        {
            try
            {
                Parse(Sample.Remove(i, 1));
            }
            catch (CommandException refused)
            {
                Assert.DoesNotContain("within", refused.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void The_example_of_the_operations_guide_works_as_it_stands()
    {
        var guide = File.ReadAllText(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/operations.md")));
        var examples = Example().Matches(guide).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var without = Parse(example, _ => null);
            Assert.Empty(HostSettings.Unknown(without));
            Assert.Null(HostSettings.Telemetry(without).OtlpEndpoint);
            var with = Parse(example, name => "http://value-of:1/" + name.ToLowerInvariant());
            Assert.Equal("http://value-of:1/otlp_endpoint", HostSettings.Telemetry(with).OtlpEndpoint);
            Assert.Equal("http://value-of:1/hyperconn_admin_token", HostSettings.Dashboard(with).AdminToken);
        }
    }

    [Fact]
    public void The_file_in_the_repository_is_read() =>
        Assert.Equal("martech", HoconFile.Load(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../hyperconn.conf"))).GetString("hyperconn.project-name"));

    private static Config Parse(string text, Func<string, string?>? variable = null) => HoconFile.Parse("x.conf", text, variable ?? Variables.GetValueOrDefault);

    private static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex("```hocon\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
