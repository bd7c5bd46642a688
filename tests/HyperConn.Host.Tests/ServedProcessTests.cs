using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using HyperConn.Host.Demo;
using HyperConn.Tests.Dashboard;

namespace HyperConn.Tests;

/// <summary>What <c>demo</c> and <c>run</c> show of themselves while they work, as a user sees it from outside.</summary>
public sealed partial class ServedProcessTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-served-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task The_demo_serves_its_dashboard_and_ends_well_while_streams_are_open()
    {
        await using var host = HostProcess.Start("demo", "--json", "--duration", "90s", "--tenants", "20");
        var (address, token) = await WaitForDashboardAsync(host);
        using var http = new HttpClient { BaseAddress = address };
        var reading = new List<StreamReader>();
        for (var i = 0; i < 3; i++)
            reading.Add(new StreamReader(await http.GetStreamAsync(new Uri("api/v1/stream", UriKind.Relative))));
        Assert.StartsWith("event: tick", await reading[0].ReadLineAsync(), StringComparison.Ordinal);

        var top = await RunAsync("top", "--url", address.ToString(), "--once");
        Assert.True(top.ExitCode == 0, top.Errors);
        Assert.Contains("pools ", top.Output, StringComparison.Ordinal);
        await AssertMeasuresAsync(http);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("healthz", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(http, token)).StatusCode);

        await host.SignalAsync("INT");
        Assert.True(await host.WaitAsync() == 0, host.Output + host.Errors);

        var summary = JsonDocument.Parse(host.Output).RootElement;
        Assert.Equal(0, summary.GetProperty("failed").GetInt64());
        Assert.Equal(0, summary.GetProperty("sessionsLeft").GetInt64());
        Assert.Single(DashboardLine().Matches(host.Errors));
        Assert.DoesNotContain(token, host.Output, StringComparison.Ordinal);
        Assert.Empty(host.FindLeftovers());
        foreach (var reader in reading)
            reader.Dispose();
    }

    [SkippableFact]
    public async Task The_demo_s_dashboard_can_be_switched_off()
    {
        await using var host = HostProcess.Start("demo", "--duration", "1s", "--tenants", "2", "--dashboard", "false");
        var code = await host.WaitAsync();
        host.SkipWithoutPostgres();

        Assert.True(code == 0, host.Output + host.Errors);
        Assert.DoesNotContain("Dashboard", host.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_port_asked_for_that_is_taken_ends_the_demo_with_a_clear_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

        await using var host = HostProcess.Start("demo", "--duration", "1s", "--tenants", "2", "--port", port);
        var code = await host.WaitAsync();
        host.SkipWithoutPostgres();

        Assert.Equal(2, code);
        Assert.Contains("address already in use", host.Errors, StringComparison.Ordinal);
        Assert.Empty(host.FindLeftovers());
    }

    [SkippableFact]
    public async Task Run_serves_what_its_file_says_until_told_to_stop()
    {
        await using var provisioner = await postgres.ProvisionAsync(2);
        var config = await ConfigureAsync(provisioner, """
            hyperconn-host.dashboard { url = "http://127.0.0.1:0", admin-token = "canary-token-17-of-run", title = "the worker" }
            """);
        await using var host = HostProcess.Start("run", "--config", config);
        await host.Input.WriteLineAsync($$"""{"service": "{{provisioner.Tenants[0].Key.Service}}", "org": "{{provisioner.Tenants[0].Key.Org}}", "type": "any"}""");
        await host.Input.FlushAsync();
        await host.WaitForErrorsAsync("Dashboard at http");
        using var http = new HttpClient { BaseAddress = new Uri(RunLine().Match(host.Errors).Groups[1].Value) };

        var overview = await http.GetFromJsonAsync<JsonElement>("api/v1/overview");
        Assert.Equal("the worker", overview.GetProperty("title").GetString());
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("readyz", UriKind.Relative))).StatusCode);
        await AssertMeasuresAsync(http);
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(http, "canary-token-17-of-run")).StatusCode);
        var top = await RunAsync("top", "--url", http.BaseAddress!.ToString(), "--once", "--json");
        Assert.True(top.ExitCode == 0, top.Errors);

        using var stream = await http.GetStreamAsync(new Uri("api/v1/stream", UriKind.Relative));
        host.Input.Close();
        Assert.True(await host.WaitAsync() == 0, host.Errors);
        Assert.Contains("1 events handled, 0 rejected", host.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", host.Output + host.Errors, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Two_that_run_as_nodes_share_a_server_and_are_seen_and_steered_from_either()
    {
        await using var provisioner = await postgres.ProvisionAsync(2);
        var ports = FreePorts(2);
        HostProcess Start(string config) => HostProcess.Start("run", "--config", config);
        await using var first = Start(await NodeAsync(provisioner, ports, 0));
        await using var second = Start(await NodeAsync(provisioner, ports, 1));
        foreach (var (host, tenant) in new[] { first, second }.Zip(provisioner.Tenants))
        {
            await host.WaitForErrorsAsync("Dashboard at http");
            await host.Input.WriteLineAsync($$"""{"service": "{{tenant.Key.Service}}", "org": "{{tenant.Key.Org}}", "type": "any"}""");
            await host.Input.FlushAsync();
        }

        using var http = new HttpClient { BaseAddress = new Uri(RunLine().Match(second.Errors).Groups[1].Value) };
        await RealManager.UntilAsync(async () => (await http.GetFromJsonAsync<JsonElement>("api/v1/overview?node=all")).GetProperty("now").GetProperty("pools").GetInt32() == 2);
        // Nodes answer before they are members.
        List<JsonElement> nodes = [];
        await RealManager.UntilAsync(async () =>
        {
            nodes = [.. (await http.GetFromJsonAsync<JsonElement>("api/v1/nodes")).GetProperty("items").EnumerateArray()];
            return nodes.TrueForAll(node => node.GetProperty("status").GetString() != "Joining");
        });
        Assert.Equal(2, nodes.Count);
        Assert.All(nodes, node => Assert.Equal(("Up", 1), (node.GetProperty("status").GetString(), node.GetProperty("pools").GetInt32())));
        // 503 while a node waits for its first word of the others.
        await RealManager.UntilAsync(async () => await (await http.GetAsync(new Uri("readyz", UriKind.Relative))).Content.ReadAsStringAsync() is var ready && ready.Contains("\"hyperconn-cluster\":{\"status\":\"Healthy\"", StringComparison.Ordinal));
        await RealManager.UntilAsync(async () => (await http.GetStringAsync(new Uri("metrics", UriKind.Relative))).Contains("hyperconn_cluster_member_count", StringComparison.Ordinal));
        var acted = await ActAsync(http, "canary-token-17-of-run");
        Assert.Equal(HttpStatusCode.OK, acted.StatusCode);
        Assert.Equal(2, (await acted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("nodes").GetArrayLength());

        foreach (var host in new[] { second, first })
        {
            host.Input.Close();
            Assert.True(await host.WaitAsync() == 0, host.Errors);
        }
    }

    [SkippableFact]
    public async Task Nodes_of_run_find_each_other_by_the_addresses_of_names()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The whole of 127.0.0.0/8 is this machine only on Linux.");
        await using var provisioner = await postgres.ProvisionAsync(2);
        string[] addresses = ["127.0.0.2", "127.0.0.3"];
        var port = FreePorts(1)[0];
        var started = new List<HostProcess>();
        try
        {
            foreach (var address in addresses)
            {
                var config = await NodeAsync(provisioner, address, $$"""
                    cluster {
                      enabled = on, hostname = "{{address}}", bind-hostname = "{{address}}", port = {{port}}
                      dns-names = [{{string.Join(", ", addresses.Select(name => $"\"{name}\""))}}]
                    }
                    """);
                started.Add(HostProcess.Start("run", "--config", config));
            }

            foreach (var host in started)
                await host.WaitForErrorsAsync("Dashboard at ");
            using var http = new HttpClient { BaseAddress = new Uri(RunLine().Match(started[0].Errors).Groups[1].Value) };
            await RealManager.UntilAsync(async () => (await http.GetFromJsonAsync<JsonElement>("api/v1/nodes")).GetProperty("items").EnumerateArray()
                .Count(node => node.GetProperty("status").GetString() == "Up") == 2);
            foreach (var host in started)
            {
                host.Input.Close();
                Assert.True(await host.WaitAsync() == 0, host.Errors);
            }
        }
        finally
        {
            foreach (var host in started)
                await host.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Run_names_every_setting_that_is_wrong_before_it_starts()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var config = await ConfigureAsync(provisioner, """
            hyperconn-host {
              dashboard { url = "http://0.0.0.0:0", titel = "x" }
              telemetry { otlp-protocol = carrier-pigeon, trace-ratio = 7 }
            }
            """);

        var run = await RunAsync("run", "--config", config);

        Assert.Equal(2, run.ExitCode);
        foreach (var fault in new[] { "without TLS", "admin-token", "hyperconn-host.dashboard.titel is not a setting", "otlp-protocol", "trace-ratio" })
            Assert.Contains(fault, run.Errors, StringComparison.Ordinal);
    }

    private static async Task<(Uri Address, string Token)> WaitForDashboardAsync(HostProcess host)
    {
        try
        {
            await host.WaitForErrorsAsync("  events ");
        }
        catch (Xunit.Sdk.XunitException)
        {
            host.SkipWithoutPostgres();
            throw;
        }

        var line = DashboardLine().Match(host.Errors);
        Assert.True(line.Success, host.Errors);
        return (new Uri(line.Groups[1].Value), line.Groups[2].Value);
    }

    /// <summary>A scrape may be answered with what the one before it found, so the first may know nothing.</summary>
    private static Task AssertMeasuresAsync(HttpClient http) => RealManager.UntilAsync(async () =>
        (await http.GetStringAsync(new Uri("metrics", UriKind.Relative))).Contains("hyperconn_pool_count", StringComparison.Ordinal));

    private static async Task<HttpResponseMessage> ActAsync(HttpClient http, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/v1/actions")
        {
            Content = JsonContent.Create(new { verb = "refresh", scope = "all", by = "mia", reason = "OPS-1" }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await http.SendAsync(request);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using var host = HostProcess.Start(arguments);
        var code = await host.WaitAsync();
        return (code, host.Output, host.Errors);
    }

    private Task<string> NodeAsync(TenantProvisioner provisioner, int[] ports, int node) => NodeAsync(provisioner, $"node-{node}", $$"""
        cluster { enabled = on, hostname = "127.0.0.1", bind-hostname = "127.0.0.1", port = {{ports[node]}}, seed-nodes = ["127.0.0.1:{{ports[0]}}"] }
        """);

    private async Task<string> NodeAsync(TenantProvisioner provisioner, string name, string cluster)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        return await HostFiles.WriteAsync(folder, provisioner, $$"""
            hyperconn-host {
              worker.statements.default = "select 1"
              dashboard { url = "http://127.0.0.1:0", admin-token = "canary-token-17-of-run" }
              {{cluster}}
            }
            """);
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }

    private Task<string> ConfigureAsync(TenantProvisioner provisioner, string more) => HostFiles.WriteAsync(
        _folder,
        provisioner,
        $"""
        hyperconn-host.worker.statements.default = "select 1"
        {more}
        """);

    [GeneratedRegex(@"Dashboard: (http://127\.0\.0\.1:\d+/)  admin token: (\w+)")]
    private static partial Regex DashboardLine();

    [GeneratedRegex(@"Dashboard at (http://127\.0\.0\.1:\d+/)")]
    private static partial Regex RunLine();
}
