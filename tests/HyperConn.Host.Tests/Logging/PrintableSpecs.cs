using HyperConn.Host;

namespace HyperConn.Tests.Logging;

public class PrintableSpecs
{
    [Theory]
    [InlineData("plain text, ünïcode and 🐘", "plain text, ünïcode and 🐘")]
    [InlineData("one\nWARN: forged", "one WARN: forged")]
    [InlineData("one\r\n\ttwo", "one two")]
    [InlineData("\u001b[31mred\u001b[0m", "[31mred [0m")]
    [InlineData("\u009b31mred\u0007\u007f", "31mred")]
    [InlineData("a\u2028b\u2029c\u0085d", "a b c d")]
    [InlineData("gnp\u202ejpg\u2066x\ufeff", "gnpjpgx")]
    [InlineData("tag\U000E0041s", "tags")]
    [InlineData("", "")]
    public void What_could_forge_a_line_or_steer_a_terminal_is_taken_out(string text, string line)
    {
        Assert.Equal(line, Printable.Line(text));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_replaced()
    {
        Assert.Equal("half \ufffd pair", Printable.Line("half \ud800 pair"));
    }

    [Fact]
    public void A_text_that_is_too_long_is_cut_and_shows_it()
    {
        var line = Printable.Line(new string('x', 100_000));

        Assert.Equal(Printable.MostCharacters + 1, line.Length);
        Assert.EndsWith("…", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_stay_lines_and_are_clean()
    {
        Assert.Equal($"a b{Environment.NewLine}c", Printable.Lines("a\u001bb\r\nc"));
    }
}
