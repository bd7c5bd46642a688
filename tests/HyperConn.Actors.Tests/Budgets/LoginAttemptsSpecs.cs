using HyperConn.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Budgets;

public class LoginAttemptsSpecs
{
    [Fact]
    public void A_wrong_password_that_callers_keep_coming_with_is_tried_four_times_in_any_minute_at_most()
    {
        var time = new FakeTimeProvider();
        var login = new Circuit(time, TenantDataSource.LoginDelays);
        var failure = new HyperConnFailure(HyperConnErrorCode.LoginRefused, "Refused.");
        var tries = new List<DateTimeOffset>();
        var pass = (CircuitPass?)CircuitPass.Closed;
        for (var tick = 0; tick < 10 * 60 * 20; tick++)
        {
            if (pass is { } through)
            {
                tries.Add(time.GetUtcNow());

                // Every second time the one that tries gives up before it knows, and the next takes over.
                var looking = Assert.NotNull(login.Suspect(failure, through));
                if (tries.Count % 2 == 0)
                    login.ProbeAbandoned(looking);
                looking = tries.Count % 2 == 0 ? Assert.NotNull(login.TryProbe()) : looking;
                login.Failed(failure, looking);
            }

            time.Advance(TimeSpan.FromMilliseconds(50));
            pass = login.TryProbe();
        }

        Assert.True(tries.Count > 10, "it is tried again and again");
        Assert.All(tries, first => Assert.InRange(tries.Count(at => at >= first && at < first + TimeSpan.FromMinutes(1)), 1, 4));
    }
}
