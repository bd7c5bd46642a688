using HyperConn.ConnectionStrings;

namespace HyperConn.Tests;

public class SessionOptionsSpecs
{
    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("-c search_path=a")]
    [InlineData("  -c search_path=a,b\t-c\nstatement_timeout=5s ")]
    [InlineData("-csearch_path=a")]
    [InlineData("--search_path=a --statement-timeout=5s")]
    [InlineData("-c app.tenant=x")]
    [InlineData(@"-c search_path=a\ b\\c")]
    [InlineData("-c x=")]
    public void Settings_are_let_through(string options)
    {
        Assert.Null(SessionOptions.Fault(options));
    }

    [Theory]
    [InlineData("-c")]
    [InlineData("-c search_path")]
    [InlineData("-c -c a=b")]
    [InlineData("-c a=b -d 5")]
    [InlineData("-d5")]
    [InlineData("-W 60")]
    [InlineData("-o x -c a=b")]
    [InlineData("search_path=a")]
    [InlineData("--")]
    [InlineData("-- -c a=b")]
    [InlineData("--=b")]
    [InlineData("-c =b")]
    [InlineData(@"-c\ a=b")]
    [InlineData(@"-c a=b\")]
    [InlineData("-c a=b\0")]
    [InlineData("-c a=b c=d")]
    [InlineData("-c a\u00A0=b")]
    public void Anything_else_on_the_servers_command_line_is_refused(string options)
    {
        Assert.Contains("'options'", SessionOptions.Fault(options)!, StringComparison.Ordinal);
    }

    [Fact]
    public void The_neutral_options_are_options()
    {
        Assert.Null(SessionOptions.Fault(SessionOptions.Neutral("UTF8")));
        Assert.Null(SessionOptions.Fault(SessionOptions.Neutral("utf-8; drop")));
    }

    [Theory]
    [InlineData("-c search_path=a", "a")]
    [InlineData("--search-path=a -csearch_path=b\\ c", "b c")]
    [InlineData("-c work_mem=8MB", null)]
    [InlineData("-c Search_Path=a,b", "a,b")]
    public void The_last_value_of_a_setting_counts(string options, string? value) => Assert.Equal(value, SessionOptions.Value(options, "search_path"));
}
