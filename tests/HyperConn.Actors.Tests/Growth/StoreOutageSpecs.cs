using System.Globalization;
using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Growth;

/// <summary>An outage of the store meets every secret there is, and what is remembered of it stays small.</summary>
public class StoreOutageSpecs
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_store_that_is_down_for_days_is_remembered_by_a_few_secrets()
    {
        var gate = new StoreGate(new MonotonicClock(_time), new Jitter(new FixedRandom(0.5)), TimeSpan.FromSeconds(1));
        for (var probe = 0; probe < 10_000; probe++)
        {
            gate.Failed(probe > 0 && gate.Sent(), Enumerable.Range(0, 20).Select(i => Org((20 * probe) + i)), "500");
            Assert.InRange(gate.Failing, 2, 3);
            _time.Advance(StoreGate.MaxPause);
            Assert.True(gate.MaySend);
        }

        // It takes two secrets again after an answer.
        Assert.True(gate.Answered(gate.Sent()));
        Assert.False(gate.Failed(probe: false, ["a"], "500"));
        Assert.False(gate.Failed(probe: false, ["a"], "500"));
        Assert.True(gate.Failed(probe: false, ["b"], "500"));
    }

    private static string Org(int number) => "org" + number.ToString(CultureInfo.InvariantCulture);
}
