namespace HyperConn.Tests;

public class ServerEndpointSpecs
{
    [Theory]
    [InlineData("pg1:5432", "pg1", 5432)]
    [InlineData(" PG1.Internal:6432 ", "pg1.internal", 6432)]
    [InlineData("127.0.0.1:1", "127.0.0.1", 1)]
    [InlineData("[::1]:5432", "::1", 5432)]
    [InlineData("/var/run/PostgreSQL:5432", "/var/run/PostgreSQL", 5432)]
    public void Reads_host_and_port_and_writes_them_so_that_they_are_read_again(string text, string host, int port)
    {
        var endpoint = ServerEndpoint.Parse(text);

        Assert.Equal((host, port), (endpoint.Host, endpoint.Port));
        Assert.Equal(endpoint, ServerEndpoint.Parse(endpoint.ToString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("pg1")]
    [InlineData(":5432")]
    [InlineData("pg1:")]
    [InlineData("pg1:0")]
    [InlineData("pg1:65536")]
    [InlineData("pg1:-1")]
    [InlineData("pg1:5432,pg2:5432")]
    [InlineData("::1:5432")]
    [InlineData("[pg1]:5432")]
    [InlineData("[]:5432")]
    [InlineData("pg 1:5432")]
    [InlineData("pg1\n:5432")]
    public void What_is_no_host_and_port_is_refused(string? text)
    {
        Assert.False(ServerEndpoint.TryParse(text, out var endpoint));
        Assert.Equal(default, endpoint);
    }

    [Fact]
    public void Host_names_are_compared_without_regard_to_case_and_ordered_by_host_then_port()
    {
        Assert.Equal(new ServerEndpoint("PG1", 5432), new ServerEndpoint("pg1", 5432));
        Assert.Equal(
            ["a:2", "a:10", "b:1"],
            new[] { new ServerEndpoint("b", 1), new ServerEndpoint("a", 10), new ServerEndpoint("a", 2) }.Order().Select(endpoint => endpoint.ToString()));
    }
}
