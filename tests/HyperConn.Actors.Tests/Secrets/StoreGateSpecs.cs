using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Secrets;

public class StoreGateSpecs
{
    [Fact]
    public void Its_circuit_is_open_while_the_store_is_down_and_half_open_while_a_call_tries()
    {
        var time = new FakeTimeProvider();
        var gate = new StoreGate(new MonotonicClock(time), new Jitter(new FixedRandom(0.5)), TimeSpan.FromSeconds(1));
        Assert.Null(gate.Circuit);
        gate.Failed(probe: false, ["a", "b"], "500");
        Assert.Equal((CircuitScope.Store, CircuitState.Open), (gate.Circuit!.Scope, gate.Circuit.State));
        Assert.NotNull(gate.Circuit.Failure.RetryAt);

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(gate.MaySend);
        var probe = gate.Sent();
        Assert.Equal(CircuitState.HalfOpen, gate.Circuit.State);
        gate.Answered(probe);
        Assert.Null(gate.Circuit);
    }
}
