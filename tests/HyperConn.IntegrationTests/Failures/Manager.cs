using System.Collections.Concurrent;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace HyperConn.Tests.Integration;

/// <summary>The library in a host of its own, on secrets that come over the AWS wire, with everything it logs kept.</summary>
internal sealed class Manager : IAsyncDisposable
{
    public const string Project = "rotating";

    private readonly IHost _host;
    private readonly OpenCounter _opens;

    private Manager(IHost host, LogKeeper logs, OpenCounter opens) => (_host, Logs, _opens) = (host, logs, opens);

    public ITenantPools Pools => _host.Services.GetRequiredService<ITenantPools>();

    public LogKeeper Logs { get; }

    /// <summary>Physical connections opened so far.</summary>
    public int Opens => _opens.All;

    /// <summary>Most physical connections that were being opened at once.</summary>
    public int MostOpensAtOnce => _opens.Most;

    /// <param name="secretsUrl">Endpoint that speaks Secrets Manager's wire.</param>
    /// <param name="configure">Further settings.</param>
    public static async Task<Manager> StartAsync(string secretsUrl, Action<HyperConnOptions>? configure = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        var logs = new LogKeeper();
        var opens = new OpenCounter();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Information);
        builder.Services.AddHyperConn(options =>
        {
            options.ProjectName = Project;
            options.Secrets.Store = "aws";
            options.Secrets.Aws.Region = "eu-west-1";
            options.Secrets.Aws.ServiceUrl = secretsUrl;
            options.Secrets.Aws.AccessKeyId = options.Secrets.Aws.SecretAccessKey = "test";
            options.Secrets.Aws.MaxRetries = 0;
            options.Servers.MaxConnections = 60;
            options.Connections.ConfigureDataSource = (_, source) => source.UsePhysicalConnectionInitializer(_ => { }, opens.OnOpenAsync);
            configure?.Invoke(options);
        });
        builder.Services.AddAkka("rotation", akka => akka
            .AddHocon("akka { stdout-loglevel = OFF, loglevel = WARNING }", HoconAddMode.Prepend)
            .WithHyperConn());
        var host = builder.Build();
        await host.StartAsync();
        return new Manager(host, logs, opens);
    }

    public static string SecretName(TenantKey tenant) => $"{Project}-{tenant.Org}";

    /// <summary>A secret with one tenant's entry; no TLS, so that one refused login is one attempt.</summary>
    public static string SecretText(TenantKey tenant, string uri) =>
        $$"""{"{{tenant.Service}}-postgresql": {{System.Text.Json.JsonSerializer.Serialize(uri + (uri.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "sslmode=disable")}}}""";

    /// <summary>Opens, asks who it is, closes.</summary>
    public async Task<Session> AskAsync(TenantKey tenant, CancellationToken cancellationToken = default)
    {
        await using var connection = await Pools.OpenConnectionAsync(tenant, cancellationToken);
        return await AskAsync(connection, cancellationToken);
    }

    public static async Task<Session> AskAsync(NpgsqlConnection connection, CancellationToken cancellationToken = default)
    {
        await using var command = new NpgsqlCommand("select current_user::text, current_database()::text, current_schema()::text, pg_backend_pid()", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        Assert.True(await reader.ReadAsync(cancellationToken));
        return new Session(reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetInt32(3));
    }

    public async Task<TenantStatistics> StatisticsAsync(TenantKey tenant) =>
        (await Pools.GetStatisticsAsync()).Tenants.Single(t => t.Tenant == tenant);

    /// <summary>The failure an open ends with.</summary>
    public async Task<HyperConnFailure> RefusalAsync(TenantKey tenant) =>
        (await Assert.ThrowsAsync<HyperConnException>(async () => await AskAsync(tenant))).Failure;

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private sealed class OpenCounter
    {
        private int _all;
        private int _now;
        private int _most;

        public int All => Volatile.Read(ref _all);

        public int Most => Volatile.Read(ref _most);

        // Runs inside the physical open, after the login: long enough that opens at the same time meet here.
        public async Task OnOpenAsync(NpgsqlConnection connection)
        {
            Interlocked.Increment(ref _all);
            var now = Interlocked.Increment(ref _now);
            for (var most = Most; now > most; most = Most)
                Interlocked.CompareExchange(ref _most, now, most);
            await Task.Delay(10);
            Interlocked.Decrement(ref _now);
        }
    }
}

/// <summary>What a session says it is.</summary>
internal sealed record Session(string User, string Database, string? Schema, int ProcessId);

/// <summary>Keeps what the library logged.</summary>
internal sealed class LogKeeper : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(EventId Event, string Text)> _lines = new();

    public IReadOnlyList<(EventId Event, string Text)> Lines => [.. _lines];

    public int Count(int eventId) => _lines.Count(line => line.Event.Id == eventId);

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith("HyperConn.", StringComparison.Ordinal) ? this : NullLogger.Instance;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((eventId, $"{formatter(state, exception)} {exception}"));

    public void Dispose()
    {
    }
}
