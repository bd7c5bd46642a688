using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

/// <summary>How slow a server is lately is read off the opens.</summary>
public class OpenPaceSpecs
{
    private readonly OpenPace _pace = new();

    private void Note(int milliseconds, int times = 1)
    {
        for (var i = 0; i < times; i++)
            _pace.Note(TimeSpan.FromMilliseconds(milliseconds));
    }

    private void AssertDelay(int milliseconds) => Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), _pace.Delay);

    [Fact]
    public void It_is_what_opens_take_more_than_the_quickest_one()
    {
        AssertDelay(0);
        Note(3);
        Note(40, times: 16);
        AssertDelay(37);
    }

    [Fact]
    public void A_few_slow_ones_among_many_are_no_measure()
    {
        Note(3, times: 13);
        Note(200, times: 3);
        AssertDelay(0);
        Note(200);
        AssertDelay(197);
    }

    [Fact]
    public void Of_a_few_the_slow_ones_are_no_measure_either()
    {
        Note(200, times: 3);
        Note(3);
        AssertDelay(0);
        Note(100);
        AssertDelay(97);
    }

    [Fact]
    public void Once_opens_are_quick_again_so_is_the_server()
    {
        Note(3);
        Note(40, times: 16);
        Note(4, times: 12);
        AssertDelay(37);
        Note(4);
        AssertDelay(1);
    }

    [Fact]
    public void A_server_that_has_moved_further_away_is_at_rest_again_after_two_hundred_and_fifty_six_opens()
    {
        Note(3, times: 128);
        Note(80, times: 128);
        AssertDelay(77);
        Note(80, times: 128);
        AssertDelay(0);
    }
}
