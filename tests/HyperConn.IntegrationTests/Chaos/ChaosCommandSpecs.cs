using HyperConn.Chaos;
using HyperConn.Chaos.Rounds;

namespace HyperConn.Tests.Chaos;

/// <summary>What the program can be asked for, and what it refuses.</summary>
public class ChaosCommandSpecs
{
    private readonly ChaosCommand _command = new();

    [Fact]
    public void Without_options_it_runs_90_seconds_with_few_tenants_and_a_seed_of_its_own()
    {
        var options = Read();
        Assert.Equal((TimeSpan.FromSeconds(90), ChaosCommand.TenantsOfShort), (options.Duration, options.Tenants));
        Assert.NotEqual(options.Seed, Read().Seed);
    }

    [Fact]
    public void A_long_run_has_a_thousand_tenants() => Assert.Equal((TimeSpan.FromHours(1), 1_000), (Read("--minutes", "60").Duration, Read("--minutes", "60").Tenants));

    [Fact]
    public void What_is_given_counts()
    {
        var options = Read("--seed", "7", "--seconds", "30", "--tenants", "60", "--only", "kill-first, clock-step", "--report", "r.json", "--picture", "p.svg");
        Assert.Equal((7, TimeSpan.FromSeconds(30), 60), (options.Seed, options.Duration, options.Tenants));
        Assert.Equal(["kill-first", "clock-step"], options.Only);
        Assert.Equal(("r.json", "p.svg"), (options.Report!.Name, options.Picture!.Name));
    }

    [Theory]
    [InlineData("not both", "--seconds", "9", "--minutes", "9")]
    [InlineData("more than zero", "--seconds", "0")]
    [InlineData("more than zero", "--seconds", "NaN")]
    [InlineData("at most a day", "--minutes", "1441")]
    [InlineData("15 to 10000", "--tenants", "2")]
    [InlineData("no fault 'earthquake'", "--only", "kill-first,earthquake")]
    [InlineData("'soon'", "--seed", "soon")]
    public void What_makes_no_sense_is_refused(string because, params string[] arguments) =>
        Assert.Contains(_command.Root.Parse(arguments).Errors, error => error.Message.Contains(because, StringComparison.Ordinal));

    private ChaosOptions Read(params string[] arguments)
    {
        var parsed = _command.Root.Parse(arguments);
        Assert.Empty(parsed.Errors);
        return _command.Read(parsed);
    }
}
