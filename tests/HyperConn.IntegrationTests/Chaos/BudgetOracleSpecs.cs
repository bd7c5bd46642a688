using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Oracles;

namespace HyperConn.Tests.Chaos;

/// <summary>When sessions above a limit are a finding.</summary>
public class BudgetOracleSpecs
{
    private readonly BudgetOracle _oracle = new();

    [Fact]
    public void Sessions_up_to_the_limit_are_right()
    {
        Samples(from: 0, to: 20, sessions: 40, limit: 40);
        Assert.Equal(0, _oracle.Found);
        Assert.Equal((201, 40, 0), _oracle.Totals["pg:1"]);
    }

    [Fact]
    public void An_excess_that_stays_is_found_once()
    {
        Samples(from: 0, to: 10, sessions: 41, limit: 40);
        Assert.Contains("41 sessions", Assert.Single(_oracle.Findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_excess_that_goes_at_once_is_counted_and_is_no_finding()
    {
        Samples(from: 0, to: 0.3, sessions: 41, limit: 40);
        Samples(from: 0.4, to: 1, sessions: 40, limit: 40);
        Samples(from: 1.1, to: 1.4, sessions: 41, limit: 40);
        Assert.Equal((0, 8), (_oracle.Found, _oracle.Totals["pg:1"].Above));
    }

    [Fact]
    public void A_limit_that_was_lowered_holds_after_a_grace()
    {
        Samples(from: 0, to: 1, sessions: 40, limit: 40);
        Samples(from: 1.1, to: 8, sessions: 40, limit: 10);
        Assert.Equal(0, _oracle.Found);
        Samples(from: 8.1, to: 12, sessions: 40, limit: 10);
        Assert.Equal(1, _oracle.Found);
    }

    [Fact]
    public void What_was_above_before_the_server_was_away_says_nothing_about_later()
    {
        Samples(from: 0, to: 0.4, sessions: 41, limit: 40);
        _oracle.Gap("pg:1");
        Samples(from: 0.5, to: 0.9, sessions: 41, limit: 40);
        Assert.Equal(0, _oracle.Found);
    }

    private void Samples(double from, double to, int sessions, int limit)
    {
        for (var at = Math.Round(from * 10); at <= Math.Round(to * 10); at++)
            _oracle.Judge(new BudgetSample("pg:1", TimeSpan.FromSeconds(at / 10), sessions, limit));
    }
}
