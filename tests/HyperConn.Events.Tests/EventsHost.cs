using Akka.Hosting;
using HyperConn.Events;
using HyperConn.Host.Demo;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace HyperConn.Tests;

/// <summary>A host with HyperConn and a worker of events in it, put together as an application does it.</summary>
internal sealed class EventsHost : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly string _folder;

    private EventsHost(IHost host, string folder) => (_host, _folder) = (host, folder);

    public TenantEventWorker Worker => _host.Services.GetRequiredService<TenantEventWorker>();

    public ITenantPools Pools => _host.Services.GetRequiredService<ITenantPools>();

    public static async Task<EventsHost> StartAsync(
        TenantProvisioner provisioner, ITenantEventSource source, Action<IServiceCollection> add, Action<AkkaConfigurationBuilder>? akka = null)
    {
        var folder = Directory.CreateTempSubdirectory("hyperconn-events-test-").FullName;
        using var secrets = new SecretsFile(Path.Combine(folder, "secrets.json"), "acme", provisioner.Tenants);
        await secrets.WriteAsync();
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = "acme";
            o.Secrets.Store = "file";
            o.Secrets.File.Path = secrets.Path;
        });
        builder.Services.AddSingleton(source);
        add(builder.Services);
        builder.Services.AddAkka("test", (actors, _) =>
        {
            actors.AddHocon("akka.stdout-loglevel = OFF\nakka.loglevel = OFF", HoconAddMode.Prepend).WithHyperConn();
            akka?.Invoke(actors);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new EventsHost(host, folder);
    }

    /// <summary>Waits for the end of the source, and stops.</summary>
    public async Task<TenantEventStatistics> RunToEndAsync()
    {
        await Worker.Completion.WaitAsync(TimeSpan.FromSeconds(120));
        return Worker.GetStatistics();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
