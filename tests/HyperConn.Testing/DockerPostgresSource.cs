using System.Net.Sockets;
using HyperConn.Host.Demo;
using Testcontainers.PostgreSql;

namespace HyperConn.Tests;

/// <summary>PostgreSQL in a container, where Docker's engine answers.</summary>
internal sealed class DockerPostgresSource : IPostgresSource
{
    private const string Image = "postgres:17-alpine";
    private static readonly TimeSpan PullPatience = TimeSpan.FromMinutes(3);

    public string Name => "Docker";

    public string Hint => "Install Docker and start its engine.";

    public async Task<PostgresServer> StartAsync(PostgresServerOptions options, CancellationToken cancellationToken)
    {
        if (!await DockerProbe.AnswersAsync(cancellationToken))
            throw new PostgresUnavailableException("no Docker engine answers.");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(PullPatience);
        PostgreSqlContainer? container = null;
        try
        {
            container = new PostgreSqlBuilder(Image)
                .WithCommand([.. options.AllSettings().SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" })])
                .Build();
            await container.StartAsync(patience.Token);
            return new DockerPostgres(container);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (container is not null)
                await container.DisposeAsync();
            throw new PostgresUnavailableException($"{Image} could not be started: {e.Message}", e);
        }
    }

    private sealed class DockerPostgres(PostgreSqlContainer container) : PostgresServer
    {
        private readonly ExternalPostgres _inside = new(Image, container.GetConnectionString());

        public override string Description => $"Docker, {Image}";

        public override string Host => _inside.Host;

        public override int Port => _inside.Port;

        public override Npgsql.NpgsqlConnectionStringBuilder Admin(string? database = null) => _inside.Admin(database);

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await container.DisposeAsync();
        }
    }
}

/// <summary>Finds out within a second whether Docker's engine is there: Testcontainers alone takes its time to say no.</summary>
internal static class DockerProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly Lazy<Task<bool>> Answer = new(AskAsync);

    /// <summary>Whether an engine accepts connections where the environment or convention says it is.</summary>
    public static Task<bool> AnswersAsync(CancellationToken cancellationToken = default) => Answer.Value.WaitAsync(cancellationToken);

    private static async Task<bool> AskAsync()
    {
        var host = Environment.GetEnvironmentVariable("DOCKER_HOST");
        if (string.IsNullOrEmpty(host) && OperatingSystem.IsWindows())
            return File.Exists(@"\\.\pipe\docker_engine");
        try
        {
            var uri = new Uri(string.IsNullOrEmpty(host) ? FindSocket() : host);
            using var patience = new CancellationTokenSource(Patience);
            if (uri.Scheme == "npipe")
                return true;
            using var socket = uri.Scheme == "unix"
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(SocketType.Stream, ProtocolType.Tcp);
            await (uri.Scheme == "unix"
                ? socket.ConnectAsync(new UnixDomainSocketEndPoint(uri.LocalPath), patience.Token)
                : socket.ConnectAsync(uri.Host, uri.Port, patience.Token));
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or UriFormatException or ArgumentException)
        {
            return false;
        }
    }

    private static string FindSocket()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] places = ["/var/run/docker.sock", $"{home}/.docker/run/docker.sock", $"{home}/.docker/desktop/docker.sock"];
        return "unix://" + (Array.Find(places, File.Exists) ?? places[0]);
    }
}
