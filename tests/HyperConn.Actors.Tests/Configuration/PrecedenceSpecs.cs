using HyperConn.Configuration;

namespace HyperConn.Tests.Configuration;

public class PrecedenceSpecs : ConfigurationSpec
{
    [Fact]
    public void Code_beats_IConfiguration_beats_HOCON_beats_defaults()
    {
        var options = Resolve(
            o => o.Pools.MaxPools = 3,
            values: [("Pools:MaxPools", "2"), ("Pools:AcquireTimeout", "00:00:02"), ("Services:0", "two")],
            hocon: """
                hyperconn {
                  project-name = hocon
                  services = [one, uno]
                  pools { max-pools = 1, acquire-timeout = 1s, drain-timeout = 1s }
                }
                """);
        Assert.Equal("hocon", options.ProjectName);
        Assert.Equal((3, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1)), (options.Pools.MaxPools, options.Pools.AcquireTimeout, options.Pools.DrainTimeout));
        Assert.Equal(["two"], options.Services);
        Assert.Equal(new PoolOptions().IdleTimeToLive, options.Pools.IdleTimeToLive);
    }

    [Fact]
    public void An_empty_list_in_a_stronger_source_is_a_list() =>
        // As JSON's [] arrives.
        Assert.Empty(Resolve(hocon: "hyperconn { project-name = p, services = [one] }", values: ("Services", "")).Services);

    [Fact]
    public void Lists_keep_their_order()
    {
        var services = Enumerable.Range(0, 12).Select(n => $"s{n}").ToArray();
        var values = services.Select((service, n) => ($"Services:{n}", (string?)service)).Append(("ProjectName", "p")).ToArray();
        Assert.Equal(services, Resolve(values: values).Services);
    }

    [Fact]
    public void Without_any_source_only_the_project_is_missing() =>
        Assert.StartsWith("ProjectName is missing", Assert.Single(Faults()), StringComparison.Ordinal);

    [Fact]
    public void Every_source_is_read_also_for_what_is_nested()
    {
        const string Hocon = """
            hyperconn {
              project-name = p
              secrets { store = aws, aws { region = eu-west-1, service-url = "http://localhost:4566" } }
              schemas { template = "tenant_{org}", by-org { acme = legacy, "b.c" = bc } }
              pools.on-capacity = wait
              servers.headroom = 0.5
              connections.no-type-loading = on
            }
            """;
        var options = Resolve(hocon: Hocon, values: [("secrets:AWS:region", "us-east-1"), ("Schemas:ByOrg:other", "o")]);
        Assert.Equal(("us-east-1", "http://localhost:4566"), (options.Secrets.Aws.Region, options.Secrets.Aws.ServiceUrl));
        Assert.Equal("tenant_{org}", options.Schemas.Template);
        Assert.Equal(new Dictionary<string, string> { ["acme"] = "legacy", ["b.c"] = "bc", ["other"] = "o" }, options.Schemas.ByOrg);
        Assert.Equal((CapacityPolicy.Wait, 0.5, true), (options.Pools.OnCapacity, options.Servers.Headroom, options.Connections.NoTypeLoading));
    }

    [Theory]
    [InlineData("auto", null)]
    [InlineData("AUTO", null)]
    [InlineData("unlimited", ServerOptions.Unlimited)]
    [InlineData("80", 80)]
    public void The_limit_of_a_server_is_a_number_auto_or_unlimited(string text, int? expected)
    {
        Assert.Equal(expected, Resolve(o => o.ProjectName = "p", hocon: $"hyperconn.servers.max-connections = {text}").Servers.MaxConnections);
        Assert.Equal(expected, Resolve(o => o.ProjectName = "p", values: ("Servers:MaxConnections", text)).Servers.MaxConnections);
    }

    [Fact]
    public void Auto_in_a_stronger_source_beats_a_number() => Assert.Null(Resolve(
        o => o.ProjectName = "p", hocon: "hyperconn.servers.max-connections = 80", values: ("Servers:MaxConnections", "auto")).Servers.MaxConnections);

    [Theory]
    [InlineData("off", null)]
    [InlineData("Off", null)]
    [InlineData("0s", 0)]
    [InlineData("90s", 90)]
    public void The_age_from_which_connections_are_asked_is_a_time_or_off(string text, int? seconds)
    {
        var expected = seconds is { } number ? TimeSpan.FromSeconds(number) : (TimeSpan?)null;
        Assert.Equal(expected, Resolve(o => o.ProjectName = "p", hocon: $"hyperconn.connections.validate-after = {text}").Connections.ValidateAfter);
        var value = expected is null ? text : expected.ToString();
        Assert.Equal(expected, Resolve(o => o.ProjectName = "p", values: ("Connections:ValidateAfter", value)).Connections.ValidateAfter);
    }

    [Fact]
    public void A_fallback_of_HOCON_counts()
    {
        var options = new HyperConnOptions();
        var faults = new ConfigurationFaults();
        HoconBinder.Bind(
            Akka.Configuration.ConfigurationFactory.ParseString("hyperconn { project-name = a, pools.max-pools = 1 }")
                .WithFallback("hyperconn { project-name = b, pools.drain-timeout = 3s, services = [x] }"),
            options,
            faults);
        Assert.Empty(faults.All);
        Assert.Equal(("a", 1, TimeSpan.FromSeconds(3)), (options.ProjectName, options.Pools.MaxPools, options.Pools.DrainTimeout));
        Assert.Equal(["x"], options.Services);
    }

    [Theory]
    [InlineData("5ms", 5)]
    [InlineData("30s", 30_000)]
    [InlineData("5m", 300_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("0s", 0)]
    [InlineData("1500", 1_500)]
    public void Times_have_units(string text, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Resolve(o => o.ProjectName = "p", hocon: $"hyperconn.pools.sweep-interval = {text}").Pools.SweepInterval);
}
