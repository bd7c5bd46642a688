using System.Net;
using System.Text.Json;
using Akka.Actor;
using Akka.Hosting;
using HyperConn.Host.Demo;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HyperConn.AspNetCore.Tests.Support;

/// <summary>A web application on Kestrel, put together as its users do it. What the container can check is checked.</summary>
internal sealed class ShopHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;
    private bool _stopped;

    private ShopHost(WebApplication app, string folder)
    {
        (_app, _folder) = (app, folder);
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public ITenantPools Pools => _app.Services.GetRequiredService<ITenantPools>();

    public ActorSystem Actors => _app.Services.GetRequiredService<ActorSystem>();

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts one.</summary>
    /// <param name="shops">Its tenants.</param>
    /// <param name="addSources">Where tenants come from.</param>
    /// <param name="map">Endpoints.</param>
    /// <param name="configure">Settings.</param>
    /// <param name="secrets">Secrets beside the tenants': name of the organisation, and what stands for service core.</param>
    /// <param name="logs">Takes what is logged.</param>
    public static async Task<ShopHost> StartAsync(
        IReadOnlyCollection<ProvisionedTenant> shops,
        Action<IServiceCollection> addSources,
        Action<WebApplication> map,
        Action<HyperConnOptions>? configure = null,
        IReadOnlyDictionary<string, string>? secrets = null,
        ILoggerProvider? logs = null)
    {
        var folder = Directory.CreateTempSubdirectory("hyperconn-web-test-").FullName;
        var file = Path.Combine(folder, "secrets.json");
        var all = shops.ToDictionary(shop => $"{Shops.Project}-{shop.Key.Org}", shop => Entry(shop.ConnectionUri));
        foreach (var (org, uri) in secrets ?? new Dictionary<string, string>())
            all[$"{Shops.Project}-{org}"] = Entry(uri);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(all));

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Host.UseDefaultServiceProvider(o => o.ValidateOnBuild = o.ValidateScopes = true);
        if (logs is not null)
            builder.Logging.AddProvider(logs);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(60));
        builder.Services.AddRoutingCore();
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = Shops.Project;
            o.Services = ["core"];
            o.Secrets.File.Path = file;
            configure?.Invoke(o);
        });
        addSources(builder.Services.WithTenantProblemDetails());
        builder.Services.AddHealthChecks().AddHyperConn();
        builder.Services.AddAkka("shop", (akka, _) => akka.AddHocon("akka.stdout-loglevel = OFF\nakka.loglevel = OFF", HoconAddMode.Prepend).WithHyperConn());
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseRouting();
        app.UseTenant();
        map(app);
        await app.StartAsync();
        return new ShopHost(app, folder);

        static Dictionary<string, string> Entry(string uri) => new() { ["core-postgresql"] = uri };
    }

    /// <summary>A request with a tenant in its header.</summary>
    public Task<HttpResponseMessage> GetAsync(string path, string? org, CancellationToken cancellationToken = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (org is not null)
            request.Headers.TryAddWithoutValidation("X-Tenant", org);
        return Client.SendAsync(request, cancellationToken);
    }

    /// <summary>Reads the answer of a problem.</summary>
    public static async Task<(HttpStatusCode Status, string? Code, string Body)> ProblemAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var json = JsonDocument.Parse(body);
        return (response.StatusCode, json.RootElement.GetProperty("code").GetString(), body);
    }

    /// <summary>Waits until no lease is open.</summary>
    public Task UntilNoLeasesAsync() => Testing.SourcePump.UntilAsync(async () => (await Pools.GetStatisticsAsync()).Leases == 0, "no lease is open");

    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await _app.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Client.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Endpoints that use the request's tenant.</summary>
internal static class ShopEndpoints
{
    /// <summary>Who the database says that we are: database, and user.</summary>
    public static async Task<string> WhoAsync(ITenantPools pools, ITenantAccessor tenant, CancellationToken cancellationToken)
    {
        await using var connection = await pools.OpenConnectionAsync(tenant.Required, cancellationToken);
        await using var command = new Npgsql.NpgsqlCommand("select current_database() || ' ' || current_user", connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Holds a connection for a time.</summary>
    public static async Task<string> SlowAsync(ITenantPools pools, ITenantAccessor tenant, HttpContext context, double seconds)
    {
        await using var connection = await pools.OpenConnectionAsync(tenant.Required, context.RequestAborted);
        await using var command = new Npgsql.NpgsqlCommand("select pg_sleep($1)::text || 'done'", connection) { Parameters = { new() { Value = seconds } } };
        return (string)(await command.ExecuteScalarAsync(context.RequestAborted))!;
    }

    public static void Map(WebApplication app)
    {
        app.MapGet("/who", WhoAsync).RequireTenant();
        app.MapGet("/shops/{org}/who", WhoAsync).RequireTenant();
        app.MapGet("/slow/{seconds}", SlowAsync).RequireTenant();
        app.MapGet("/free", (ITenantAccessor tenant) => tenant.Tenant?.Org ?? "nobody");
        app.MapHyperConnHealth();
    }

    public static string Expected(ProvisionedTenant shop) => $"{shop.Database} {shop.Login.User}";
}
