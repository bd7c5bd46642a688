using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using HyperConn.ConnectionStrings;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>Changes the process's environment: runs alone.</summary>
[CollectionDefinition(nameof(TenantEnvironmentSpecs), DisableParallelization = true)]
public sealed class TenantEnvironmentCollection;

/// <summary>What Npgsql puts on the wire for a tenant while the process's environment says something else.</summary>
[Collection(nameof(TenantEnvironmentSpecs))]
public sealed class TenantEnvironmentSpecs : IDisposable
{
    private static readonly Dictionary<string, string> Foreign = new()
    {
        ["PGUSER"] = "foreign_user",
        ["PGPASSWORD"] = "foreign_password",
        ["PGPASSFILE"] = "/nonexistent/foreign",
        ["PGOPTIONS"] = "-c search_path=foreign",
        ["PGAPPNAME"] = "foreign_name",
        ["PGCLIENTENCODING"] = "LATIN1",
        ["PGSSLNEGOTIATION"] = "direct",
        ["PGGSSENCMODE"] = "require",
        ["PGTARGETSESSIONATTRS"] = "standby",
    };

    // What PgBouncer lets through in its default configuration: its manual, ignore_startup_parameters.
    private static readonly Dictionary<string, string> Neutral = new()
    {
        ["user"] = "app",
        ["database"] = "db",
        ["application_name"] = "hyperconn",
        ["client_encoding"] = "UTF8",
    };

    private readonly Dictionary<string, string?> _before = [];

    public TenantEnvironmentSpecs()
    {
        foreach (var (name, value) in Foreign)
        {
            _before[name] = Environment.GetEnvironmentVariable(name);
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    public void Dispose()
    {
        foreach (var (name, value) in _before)
            Environment.SetEnvironmentVariable(name, value);
    }

    [Theory]
    [InlineData("postgresql://app:own_password@127.0.0.1:{0}/db?sslmode=disable")]
    [InlineData("host=127.0.0.1 port={0} user=app password=own_password dbname=db sslmode=disable options=''")]
    [InlineData("Host=127.0.0.1;Port={0};Username=app;Password=own_password;Database=db;SSL Mode=Disable;Options=")]
    [InlineData("""{{"host":"127.0.0.1","port":{0},"username":"app","password":"own_password","dbname":"db","sslmode":"disable"}}""")]
    public async Task A_tenant_inherits_no_login_options_or_names_from_the_environment(string form)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var text = string.Format(null, form, ((IPEndPoint)listener.LocalEndpoint).Port);
        var (startup, password) = await LogInAsync(listener, text);

        Assert.Equal(new Dictionary<string, string>(Neutral) { ["options"] = "-c client_encoding=UTF8" }, startup);
        Assert.Equal("own_password", password);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task Nothing_that_a_pooler_refuses_is_sent_where_neither_the_secret_nor_the_environment_asks_for_it(string? options)
    {
        Environment.SetEnvironmentVariable("PGOPTIONS", options);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var text = $"postgresql://app:own_password@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/db?sslmode=disable";

        var (startup, _) = await LogInAsync(listener, text);

        Assert.Equal(Neutral, startup);
    }

    [Fact]
    public void Several_hosts_are_all_wanted_whatever_the_environment_says()
    {
        Assert.True(PostgresCredentials.TryParse("postgresql://u:p@h1,h2/db", out var credentials, out _));
        Assert.Equal("any", credentials.ToNpgsql().TargetSessionAttributes);
    }

    /// <summary>Lets Npgsql log in with a tenant's credentials at a server that cuts it off after the password.</summary>
    private static async Task<(Dictionary<string, string> Startup, string Password)> LogInAsync(TcpListener listener, string text)
    {
        Assert.True(PostgresCredentials.TryParse(text, out var credentials, out var fault), fault);
        var builder = new NpgsqlDataSourceBuilder(credentials.ToNpgsql().ConnectionString);
        builder.UsePasswordProvider(_ => credentials.Password, (_, _) => new(credentials.Password));
        await using var source = builder.Build();
        var opening = source.OpenConnectionAsync().AsTask();
        var login = await ReadLogin(listener);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => opening);
        return login;
    }

    /// <summary>Plays a server up to the password: protocol 3.0's StartupMessage, AuthenticationCleartextPassword, PasswordMessage.</summary>
    private static async Task<(Dictionary<string, string> Startup, string Password)> ReadLogin(TcpListener listener)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var client = await listener.AcceptTcpClientAsync(deadline.Token);
        var stream = client.GetStream();

        var startup = await ReadBody(stream, deadline.Token);
        Assert.Equal(196608, BinaryPrimitives.ReadInt32BigEndian(startup));
        var words = Encoding.UTF8.GetString(startup.AsSpan(4)).TrimEnd('\0').Split('\0');
        await stream.WriteAsync(new byte[] { (byte)'R', 0, 0, 0, 8, 0, 0, 0, 3 }, deadline.Token);

        var type = new byte[1];
        await stream.ReadExactlyAsync(type, deadline.Token);
        Assert.Equal((byte)'p', type[0]);
        var password = Encoding.UTF8.GetString(await ReadBody(stream, deadline.Token)).TrimEnd('\0');
        return (words.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]), password);
    }

    private static async Task<byte[]> ReadBody(NetworkStream stream, CancellationToken cancellationToken)
    {
        var length = new byte[4];
        await stream.ReadExactlyAsync(length, cancellationToken);
        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(length) - 4];
        await stream.ReadExactlyAsync(body, cancellationToken);
        return body;
    }
}
