using System.Runtime.CompilerServices;
using System.Text.Json;
using Akka.Configuration;
using HyperConn.Configuration;
using HyperConn.Events;
using HyperConn.Events.Sqs;
using HyperConn.Host;

namespace HyperConn.Tests;

/// <summary>The library's part of the file is compared with the code beside reference.conf; this is the host's.</summary>
public class ConfigurationFileSpecs
{
    private static readonly Config File = ConfigurationFactory.ParseString(System.IO.File.ReadAllText(FindFile()));

    [Fact]
    public void The_host_s_settings_are_all_there_with_their_defaults()
    {
        var read = RunSettings.Read(File, path => path, []);
        Assert.Empty(read.Statements);
        Assert.Equal(new RunSettings() with { Statements = read.Statements }, read);
        Assert.Equal(
            typeof(RunSettings).GetProperties().Select(property => HoconBinder.KebabCase(property.Name)).Order(StringComparer.Ordinal),
            File.GetConfig("hyperconn-host.worker").Root.GetObject().Items.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_dashboard_s_telemetry_s_and_logging_s_settings_are_all_there_with_their_defaults()
    {
        var dashboard = HostSettings.Dashboard(File);
        Assert.False(dashboard.AnyPortIfTaken);
        Compare("dashboard", dashboard, new DashboardOptions());
        Compare("telemetry", HostSettings.Telemetry(File), new TelemetryOptions());
        Compare("logging", HostSettings.Logging(File, []), new LoggingOptions());
        Assert.Empty(HostSettings.Unknown(File));
    }

    [Fact]
    public void The_sources_settings_are_all_there_with_their_defaults()
    {
        var faults = new List<string>();
        var read = SourceSettings.Read(File, faults);
        Assert.Empty(faults);
        Compare("sqs", read.Sqs, new SqsEventOptions());
        Compare("outbox", read.Outbox, new OutboxOptions());
    }

    [Fact]
    public void The_cluster_s_settings_are_all_there_with_their_defaults() =>
        Compare("cluster", ClusterSettings.Read(File, []), new ClusterSettings());

    [Theory]
    [InlineData("", null)]
    [InlineData("akka.actor.provider = cluster", "hyperconn-host.cluster.enabled is off")]
    [InlineData("hyperconn-host.cluster { enabled = on, hostname = n1, seed-nodes = [\"n1:4053\", \"akka.tcp://hyperconn@n2:4053\"] }", null)]
    [InlineData("hyperconn-host.cluster { enabled = on, hostname = n1 }\nakka.cluster.seed-nodes = [\"akka.tcp://hyperconn@n1:4053\"]", null)]
    [InlineData("hyperconn-host.cluster { enabled = on, hostname = n1 }", "seed-nodes is empty")]
    [InlineData("hyperconn-host.cluster { enabled = on, seed-nodes = [\"n1:4053\"] }", "hostname is missing")]
    [InlineData("hyperconn-host.cluster { enabled = on, hostname = \"0.0.0.0\", seed-nodes = [\"n1:4053\"] }", "hostname must be what")]
    [InlineData("hyperconn-host.cluster { enabled = on, hostname = n1, port = 70000, seed-nodes = [\"n1:4053\"] }", "port must be from")]
    [InlineData("hyperconn-host.cluster { enabled = on, hostname = n1, seed-nodes = [n1] }", "'n1' is neither")]
    [InlineData("hyperconn-host.cluster { enabled = on, hostname = \"10.0.0.1\", dns-names = [nodes], dns-nodes = 3 }", null)]
    [InlineData("hyperconn-host.cluster { enabled = on, hostname = n1, seed-nodes = [\"akka.tcp://other@n1:4053\"] }", "is neither")]
    public void A_node_that_can_t_be_one_is_told_why(string text, string? fault)
    {
        var faults = new List<string>();
        faults.AddRange(ClusterSettings.Read(ConfigurationFactory.ParseString(text), faults).Faults());
        if (fault is null)
            Assert.Empty(faults);
        else
            Assert.Contains(fault, Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_s_faults_are_told_for_the_source_that_is_named_by_the_names_of_the_file()
    {
        var read = SourceSettings.Read(
            ConfigurationFactory.ParseString("hyperconn-host { sqs.visibility-timeout = 1500ms, outbox { tenant = core/org1, batch-size = 0 } }"), []);
        Assert.Equal(TenantKey.Create("core", "org1"), read.Outbox.Tenant);
        Assert.Equal(
            [
                "hyperconn-host.sqs: queue is missing: the URL or the name of the queue that events come from.",
                "hyperconn-host.sqs: visibility-timeout must be from 1 second to 12 hours, in whole seconds.",
            ],
            read.Faults("sqs"));
        Assert.Equal(["hyperconn-host.outbox: batch-size must be from 1 to 1,000."], read.Faults("outbox"));
        Assert.Empty(read.Faults("-"));
    }

    [Theory]
    [InlineData("hyperconn-host.dashboard.prot = 1", "hyperconn-host.dashboard.prot is not a setting")]
    [InlineData("hyperconn-host.telemetry.prom = on", "hyperconn-host.telemetry.prom is not a setting")]
    [InlineData("hyperconn-host.worker.worker = 1", "hyperconn-host.worker.worker is not a setting")]
    [InlineData("hyperconn-host.sqs.que = x", "hyperconn-host.sqs.que is not a setting")]
    [InlineData("hyperconn-host.outbox.tables = x", "hyperconn-host.outbox.tables is not a setting")]
    [InlineData("hyperconn-host.dashboards.url = x", "hyperconn-host.dashboards is not a setting")]
    public void A_name_that_is_no_setting_is_a_fault(string text, string fault)
    {
        Assert.StartsWith(fault, Assert.Single(HostSettings.Unknown(ConfigurationFactory.ParseString(text))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hyperconn-host.dashboard.enabled = perhaps", "enabled can't be read as on or off")]
    [InlineData("hyperconn-host.dashboard.sample-interval = often", "sample-interval can't be read as a time such as 1s")]
    [InlineData("hyperconn-host.dashboard.history-samples = many", "history-samples can't be read as a number")]
    public void A_value_of_the_wrong_kind_is_named(string text, string fault)
    {
        var refused = Assert.Throws<FormatException>(() => HostSettings.Dashboard(ConfigurationFactory.ParseString(text)));
        Assert.Contains(fault, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_address_any_port_will_do()
    {
        Assert.True(HostSettings.Dashboard(ConfigurationFactory.Empty).AnyPortIfTaken);
    }

    private static void Compare<T>(string section, T read, T defaults)
    {
        Assert.Equal(JsonSerializer.Serialize(defaults), JsonSerializer.Serialize(read));
        Assert.Equal(
            typeof(T).GetProperties().Where(property => property.CanWrite).Select(property => HoconBinder.KebabCase(property.Name)).Order(StringComparer.Ordinal),
            File.GetConfig($"hyperconn-host.{section}").Root.GetObject().Items.Keys.Order(StringComparer.Ordinal));
    }

    private static string FindFile([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "hyperconn.conf"));
}
