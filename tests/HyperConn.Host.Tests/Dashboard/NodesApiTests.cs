using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace HyperConn.Tests.Dashboard;

/// <summary>The API of a host that is a node of a cluster.</summary>
public sealed class NodesApiTests
{
    [Fact]
    public async Task Nodes_are_listed_with_what_they_have_and_the_one_that_does_not_answer_with_that()
    {
        await using var dashboard = await StartAsync();

        var list = await GetAsync(dashboard, "nodes");

        Assert.True(list.GetProperty("clustered").GetBoolean());
        Assert.Equal(["10.0.3.11:4053", "10.0.3.12:4053", "10.0.3.13:4053", "10.0.3.14:4053"], list.GetProperty("items").EnumerateArray().Select(node => node.GetProperty("name").GetString()!));
        Assert.Equal("The node did not answer in 2 s.", list.GetProperty("items")[3].GetProperty("fault").GetString());
        Assert.Equal(40, list.GetProperty("items")[0].GetProperty("servers")[0].GetProperty("share").GetInt32());
        Assert.Equal(128, list.GetProperty("servers")[0].GetProperty("limit").GetInt32());
    }

    [Fact]
    public async Task Without_a_cluster_there_are_no_nodes_and_all_is_this_one()
    {
        await using var dashboard = await DashboardFixture.StartAsync();

        Assert.False((await GetAsync(dashboard, "nodes")).GetProperty("clustered").GetBoolean());
        foreach (var node in new[] { "all", "this" })
            Assert.Equal(200, (await GetAsync(dashboard, $"overview?node={node}")).GetProperty("now").GetProperty("pools").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, (await dashboard.Http.GetAsync(new Uri("api/v1/overview?node=elsewhere", UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData("this", 200, 200)]
    [InlineData(FakeNodes.First, 200, 200)]
    [InlineData(FakeNodes.Third, 210, 210)]
    [InlineData("all", 610, 210)]
    public async Task Pools_tenants_and_servers_are_those_of_one_node_or_of_all(string node, int pools, int tenants)
    {
        await using var dashboard = await StartAsync();
        var asked = $"?node={Uri.EscapeDataString(node)}";

        Assert.Equal(pools, (await GetAsync(dashboard, $"overview{asked}")).GetProperty("now").GetProperty("pools").GetInt32());
        Assert.Equal(tenants, (await GetAsync(dashboard, $"tenants{asked}")).GetProperty("total").GetInt32());
        Assert.Equal(tenants, (await GetAsync(dashboard, $"tenants/map{asked}")).GetProperty("count").GetInt32());
        var server = (await GetAsync(dashboard, $"servers{asked}")).GetProperty("items").EnumerateArray().Single(s => s.GetProperty("server").GetString() == "pg-eu-1.internal:5432");
        Assert.Equal(node == "all" ? 3 * 160 : 160, server.GetProperty("limit").GetInt32());
        using var stream = await dashboard.Http.GetAsync(new Uri($"api/v1/stream{asked}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
    }

    [Theory]
    [InlineData("overview")]
    [InlineData("tenants")]
    [InlineData("tenants/map")]
    [InlineData("tenant?service=core&org=org-00001")]
    [InlineData("servers")]
    [InlineData("secrets")]
    [InlineData("stream")]
    public async Task A_node_that_is_no_member_is_not_found(string path)
    {
        await using var dashboard = await StartAsync();
        var asked = new Uri($"api/v1/{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}node=akka.tcp%3A%2F%2Fx%40y%3A1", UriKind.Relative);
        Assert.Equal(HttpStatusCode.NotFound, (await dashboard.Http.GetAsync(asked)).StatusCode);
    }

    [Fact]
    public async Task A_verb_goes_to_every_node_and_is_not_well_done_when_one_does_not_answer()
    {
        var nodes = new FakeNodes(new FakeManager(200));
        await using var dashboard = await DashboardFixture.StartAsync(nodes[FakeNodes.First], nodes: nodes);

        var response = await ActAsync(dashboard, null);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("Done or begun on 3 of 4 nodes.", body.GetProperty("message").GetString());
        Assert.Equal([true, true, true, false], body.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("accepted").GetBoolean()));
        Assert.Equal("The node did not answer in 5 s.", body.GetProperty("nodes")[3].GetProperty("message").GetString());
        foreach (var node in new[] { FakeNodes.First, FakeNodes.Second, FakeNodes.Third })
            Assert.Equal("mia (127.0.0.1)", Assert.Single(nodes[node].Commands).By);
    }

    [Fact]
    public async Task A_verb_can_be_for_one_node()
    {
        var nodes = new FakeNodes(new FakeManager(200));
        await using var dashboard = await DashboardFixture.StartAsync(nodes[FakeNodes.First], nodes: nodes);

        Assert.Equal(HttpStatusCode.OK, (await ActAsync(dashboard, FakeNodes.Third)).StatusCode);
        Assert.Single(nodes[FakeNodes.Third].Commands);
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(dashboard, "this")).StatusCode);
        Assert.Single(nodes[FakeNodes.First].Commands);
        Assert.Empty(nodes[FakeNodes.Second].Commands);
        Assert.Equal(HttpStatusCode.BadRequest, (await ActAsync(dashboard, "akka.tcp://x@y:1")).StatusCode);
    }

    private static Task<DashboardFixture> StartAsync()
    {
        var nodes = new FakeNodes(new FakeManager(200));
        return DashboardFixture.StartAsync(nodes[FakeNodes.First], nodes: nodes);
    }

    private static Task<HttpResponseMessage> ActAsync(DashboardFixture dashboard, string? node) => DashboardApiTests.ActAsync(
        dashboard, new { verb = "pause", scope = "tenant", service = "core", org = "org-00001", by = "mia", reason = "OPS-1", node });

    private static Task<JsonElement> GetAsync(DashboardFixture dashboard, string path) => dashboard.Http.GetFromJsonAsync<JsonElement>($"api/v1/{path}");
}
