using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Akka.Hosting;
using HyperConn.Host;
using HyperConn.Host.Demo;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace HyperConn.Tests.Dashboard;

/// <summary>The library on a real PostgreSQL with the dashboard in front, and tenants to work with.</summary>
internal sealed class RealManager : IAsyncDisposable
{
    // Longer than anything takes on a machine that has a lot to do; only a fault lasts as long.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly IHost _host;

    private RealManager(IHost host, TenantProvisioner provisioner, SecretsFile secrets, LogSink logs)
    {
        (_host, Provisioner, Secrets, Logs) = (host, provisioner, secrets, logs);
        Pools = host.Services.GetRequiredService<ITenantPools>();
        Http = new HttpClient { BaseAddress = host.Services.GetRequiredService<DashboardServer>().Address };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DashboardFixture.Token);
    }

    public TenantProvisioner Provisioner { get; }

    public SecretsFile Secrets { get; }

    public LogSink Logs { get; }

    public ITenantPools Pools { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _host.Services;

    public IReadOnlyList<ProvisionedTenant> Tenants => Provisioner.Tenants;

    public static async Task<RealManager> StartAsync(PostgresFixture postgres, int tenants, Action<HyperConnOptions>? configure = null, TelemetryOptions? telemetry = null, Action<IServiceCollection>? services = null)
    {
        var provisioner = await postgres.ProvisionAsync(tenants, 1);
        var folder = Directory.CreateTempSubdirectory("hyperconn-operator-test-").FullName;
        var secrets = new SecretsFile(Path.Combine(folder, "secrets.json"), "acme", provisioner.Tenants);
        await secrets.WriteAsync();
        var logs = new LogSink();
        var builder = HostComposition.CreateBuilder();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddMetrics();
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = "acme";
            o.Secrets.Store = "file";
            o.Secrets.File.Path = secrets.Path;
            configure?.Invoke(o);
        });
        builder.Services.AddAkka("hyperconn", (akka, _) => akka.WithHostLogging().WithHyperConn());
        builder.Services.AddHyperConnDashboard(new DashboardOptions
        {
            Url = "http://127.0.0.1:0",
            AdminToken = DashboardFixture.Token,
            SampleInterval = TimeSpan.FromMilliseconds(200),
        }, telemetry);
        services?.Invoke(builder.Services);
        var host = builder.Build();
        await host.StartAsync();
        return new RealManager(host, provisioner, secrets, logs);
    }

    public async Task UseAsync(TenantKey tenant)
    {
        await using var connection = await Pools.OpenConnectionAsync(tenant);
        await using var command = new NpgsqlCommand("select 1", connection);
        Assert.Equal(1, await command.ExecuteScalarAsync());
    }

    public Task ActAsync(string verb) => PostAsync(new { verb, scope = "all", by = "mia", reason = "OPS-7", seconds = 600 });

    public Task ActAsync(string verb, TenantKey tenant) =>
        PostAsync(new { verb, scope = "tenant", service = tenant.Service, org = tenant.Org, by = "mia", reason = "OPS-7", seconds = 600 });

    public Task ActAsync(string verb, string server) => PostAsync(new { verb, scope = "server", server, by = "mia", reason = "OPS-7", seconds = 600 });

    public async Task<IReadOnlyList<string>> EventsAsync(string kind) =>
        [.. (await Http.GetFromJsonAsync<JsonElement>($"api/v1/events?kind={kind}")).GetProperty("items").EnumerateArray().Select(e => e.GetProperty("message").GetString()!)];

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"It did not happen within {Patience}.");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _host.StopAsync();
        _host.Dispose();
        Secrets.Dispose();
        Directory.Delete(Path.GetDirectoryName(Secrets.Path)!, recursive: true);
        await Provisioner.DisposeAsync();
    }

    private async Task PostAsync(object body)
    {
        var response = await Http.PostAsJsonAsync("api/v1/actions", body);
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
    }
}
