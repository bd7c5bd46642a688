using HyperConn.Host.Commands;

namespace HyperConn.Tests;

public class DurationsSpecs
{
    [Theory]
    [InlineData("30", 30_000)]
    [InlineData("30s", 30_000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("250ms", 250)]
    [InlineData("2h", 7_200_000)]
    [InlineData("00:00:30", 30_000)]
    [InlineData("01:05:00", 3_900_000)]
    public void Times_are_a_number_and_a_unit(string text, int milliseconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("0")]
    [InlineData("1d")]
    [InlineData("1sm")]
    [InlineData("00:00:00")]
    [InlineData("-00:00:01")]
    [InlineData("1:2")]
    [InlineData("1e9s")]
    [InlineData("NaN")]
    [InlineData("99999999h")]
    public void Anything_else_is_no_time(string text) => Assert.False(Durations.TryParse(text, out _));
}
