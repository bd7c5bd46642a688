using HyperConn.Configuration;

namespace HyperConn.Tests.Configuration;

public class FaultSpecs : ConfigurationSpec
{
    private const string Canary = "canary-4f1d";

    [Fact]
    public void Every_fault_of_every_source_is_listed_at_once()
    {
        var faults = Faults(
            o => o.Connections.MaxPerTenant = 0,
            hocon: """
                hyperconn {
                  pols { max-pools = 3 }
                  pools { max-pools = many, drain-timeout = soon, on-capacity = never }
                  secrets { store = vault }
                }
                """,
            values: [("Pools:AcquireTimeout", "later"), ("Pools:MaxPols", "3"), ("Servers:Headroom", "2"), ("Servers:Quantum", "x"), ("Typo", "1")]);
        string[] expected =
        [
            "hyperconn.pols is not a setting. Known here: connections, diagnostics, pools, project-name, schemas, secrets, servers, services.",
            "hyperconn.pools.max-pools can't be read as a number.",
            "hyperconn.pools.drain-timeout can't be read as a time such as 30s or 5m.",
            "hyperconn.pools.on-capacity can't be read as overflow, wait, reject.",
            "HyperConn:Pools:AcquireTimeout can't be read as a time such as 00:00:30 or 00:05:00.",
            "HyperConn:Pools:MaxPols is not a setting.",
            "HyperConn:Servers:Quantum can't be read as a number.",
            "HyperConn:Typo is not a setting.",
            "Connections.MaxPerTenant is 0; it must be from 1 to 1000.",
            "Servers.Headroom is 2; it must be from 0 to 0.95.",
            "ProjectName is missing: secrets are named <ProjectName>-<org>.",
            "Secrets.Store is neither 'aws' nor 'file'.",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), faults.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("hyperconn = 5")]
    [InlineData("hyperconn = [1]")]
    [InlineData("hyperconn.pools = 5")]
    [InlineData("hyperconn.pools = [1]")]
    [InlineData("hyperconn.pools = null")]
    [InlineData("hyperconn.secrets.aws = yes")]
    [InlineData("hyperconn.project-name { a = 1 }")]
    [InlineData("hyperconn.project-name = [a, b]")]
    [InlineData("hyperconn.services = one")]
    [InlineData("hyperconn.services { a = 1 }")]
    [InlineData("hyperconn.pools.max-pools { a = 1 }")]
    [InlineData("hyperconn.pools.max-pools = [1]")]
    [InlineData("hyperconn.pools.max-pools = null")]
    [InlineData("hyperconn.pools.max-pools = 1e3")]
    [InlineData("hyperconn.pools.max-pools = 99999999999")]
    [InlineData("hyperconn.pools.on-capacity { a = 1 }")]
    [InlineData("hyperconn.pools.on-capacity = 7")]
    [InlineData("hyperconn.pools.drain-timeout { a = 1 }")]
    [InlineData("hyperconn.pools.drain-timeout = infinite")]
    [InlineData("hyperconn.pools.drain-timeout = -5s")]
    [InlineData("hyperconn.pools.drain-timeout = 25d")]
    [InlineData("hyperconn.pools.drain-timeout = 86401s")]
    [InlineData("hyperconn.connections.no-type-loading = perhaps")]
    [InlineData("hyperconn.connections.no-type-loading { a = 1 }")]
    [InlineData("hyperconn.connections.configure-data-source = x")]
    [InlineData("hyperconn.servers.max-connections = 0")]
    [InlineData("hyperconn.servers.max-connections = -1")]
    [InlineData("hyperconn.servers.max-connections = lots")]
    [InlineData("hyperconn.servers.max-connections { a = 1 }")]
    [InlineData("hyperconn.servers.headroom = much")]
    [InlineData("hyperconn.schemas.by-org = x")]
    [InlineData("hyperconn.schemas.by-org = [x]")]
    public void HOCON_of_the_wrong_shape_is_one_fault_and_no_crash(string hocon) =>
        Assert.Single(Faults(o => o.ProjectName = "p", hocon: hocon));

    [Theory]
    [InlineData("Pools", "5")]
    [InlineData("Services", "one")]
    [InlineData("Services:0:x", "one")]
    [InlineData("Pools:MaxPools", "")]
    [InlineData("Pools:MaxPools", "1.5")]
    [InlineData("Pools:MaxPools:0", "1")]
    [InlineData("Pools:OnCapacity", "never")]
    [InlineData("Pools:DrainTimeout", "soon")]
    [InlineData("Connections:NoTypeLoading", "perhaps")]
    [InlineData("Connections:ConfigureDataSource", "x")]
    [InlineData("Servers:MaxConnections", "lots")]
    [InlineData("Schemas:ByOrg", "x")]
    [InlineData("Secrets:Aws:Nothing", "x")]
    public void IConfiguration_of_the_wrong_shape_is_one_fault_and_no_crash(string key, string value) =>
        Assert.StartsWith($"HyperConn:{key} ", Assert.Single(Faults(o => o.ProjectName = "p", values: (key, value))), StringComparison.Ordinal);

    [Fact]
    public void Faults_quote_no_value()
    {
        var faults = Faults(
            values: [("Pools:MaxPools", Canary), ("Pools:OnCapacity", Canary), ("Servers:MaxConnections", Canary), ("Typo", Canary), ("ProjectName", Canary + " ")],
            hocon: """
                hyperconn {
                  pools { max-pools = CANARY, drain-timeout = CANARY }
                  typo = CANARY
                  secrets { store = CANARY, aws { service-url = CANARY } }
                  services = ["CANARY "]
                }
                """.Replace("CANARY", Canary, StringComparison.Ordinal));
        Assert.True(faults.Length >= 8);
        Assert.DoesNotContain(faults, fault => fault.Contains(Canary, StringComparison.Ordinal));
    }

    [Fact]
    public void The_AWS_store_needs_both_keys_or_neither_and_a_sound_address()
    {
        var faults = Faults(o =>
        {
            o.ProjectName = "p";
            o.Secrets.Store = "aws";
            o.Secrets.Aws.Region = "eu-west-1";
            o.Secrets.Aws.AccessKeyId = "id";
            o.Secrets.Aws.ServiceUrl = "localhost";
            o.Secrets.Aws.Timeout = TimeSpan.Zero;
        });
        Assert.Equal(3, faults.Length);
    }

    [Fact]
    public void Nothing_may_be_null()
    {
        foreach (var section in typeof(HyperConnOptions).GetProperties().Where(HoconBinder.IsSection))
        {
            Assert.Contains(
                Faults(o =>
                {
                    o.ProjectName = "p";
                    section.SetValue(o, null);
                }),
                fault => fault.StartsWith(section.Name + " is null", StringComparison.Ordinal));
        }
    }
}
