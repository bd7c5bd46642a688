using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests;

public class LocalPostgresTests
{
    [SkippableFact]
    public async Task It_listens_on_the_loopback_interface_only_asks_for_scram_and_takes_settings()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions
        {
            MaxConnections = 17,
            Settings = new Dictionary<string, string> { ["work_mem"] = "5MB" },
        });
        Assert.Equal("127.0.0.1", await ShowAsync(server, "listen_addresses"));
        Assert.Equal("", await ShowAsync(server, "unix_socket_directories"));
        Assert.Equal("17", await ShowAsync(server, "max_connections"));
        Assert.Equal("5MB", await ShowAsync(server, "work_mem"));
        Assert.Equal("off", await ShowAsync(server, "fsync"));

        var wrong = server.Admin();
        wrong.Password = "wrong";
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [SkippableFact]
    public async Task Stopped_or_killed_it_starts_again_on_the_same_port_with_the_same_data()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var port = server.Port;
        await RunAsync(server, "create table kept (id int)");

        await server.Control!.KillAsync();
        await Assert.ThrowsAsync<NpgsqlException>(() => RunAsync(server, "select 1"));
        await server.Control.StartAsync();
        await RunAsync(server, "insert into kept values (1)");

        await server.Control.StopAsync();
        await Assert.ThrowsAsync<NpgsqlException>(() => RunAsync(server, "select 1"));
        await server.Control.StartAsync();

        Assert.Equal(1L, await RunAsync(server, "select count(*) from kept"));
        Assert.Equal(port, server.Port);
    }

    [SkippableFact]
    public async Task Disposed_it_leaves_no_folder_and_no_process()
    {
        var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        var folder = Path.GetDirectoryName(await ShowAsync(server, "data_directory"))!;
        Assert.NotEmpty(Leftovers.ProcessesWith(folder));

        await server.DisposeAsync();

        Assert.False(Directory.Exists(folder));
        Assert.Empty(Leftovers.ProcessesWith(folder));
        await server.DisposeAsync();
    }

    [SkippableFact]
    public async Task Without_any_server_one_error_names_every_way_and_its_remedy()
    {
        var unavailable = await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => PostgresSources.StartAsync(new PostgresServerOptions(), [new Missing("first"), new Missing("second")]));
        foreach (var part in new[] { "first: not there", "remedy for first", "second: not there", "remedy for second" })
            Assert.Contains(part, unavailable.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_programs_folder_that_does_not_work_leaves_nothing_and_says_so()
    {
        var empty = Directory.CreateTempSubdirectory("hyperconn-test-");
        try
        {
            var unavailable = await Assert.ThrowsAsync<PostgresUnavailableException>(
                () => LocalPostgres.StartAsync(empty.FullName, new PostgresServerOptions(), CancellationToken.None));
            Assert.Contains("initdb", unavailable.Message, StringComparison.Ordinal);
        }
        finally
        {
            empty.Delete(recursive: true);
        }
    }

    private static async Task<string?> ShowAsync(PostgresServer server, string setting) => (string?)await RunAsync(server, $"show {setting}");

    private static async Task<object?> RunAsync(PostgresServer server, string sql)
    {
        var admin = server.Admin();
        admin.Pooling = false;
        await using var connection = new NpgsqlConnection(admin.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private sealed class Missing(string name) : IPostgresSource
    {
        public string Name => name;

        public string Hint => $"remedy for {name}";

        public Task<PostgresServer> StartAsync(PostgresServerOptions options, CancellationToken cancellationToken) =>
            throw new PostgresUnavailableException("not there");
    }
}
