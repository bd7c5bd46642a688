using Akka.Actor;
using Akka.Hosting;
using HyperConn.EntityFrameworkCore;
using HyperConn.Pools;
using HyperConn.Servers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace HyperConn.Tests.Support;

/// <summary>A host with HyperConn and contexts in it, put together as an application does it, its container checked.</summary>
internal sealed class EfHost : IAsyncDisposable
{
    private readonly IHost _host;

    private EfHost(IHost host) => _host = host;

    public IServiceProvider Services => _host.Services;

    public ITenantPools Pools => Services.GetRequiredService<ITenantPools>();

    public ITenantDbContextFactory<ShopContext> Shops => Services.GetRequiredService<ITenantDbContextFactory<ShopContext>>();

    public ActorSystem Actors => Services.GetRequiredService<ActorSystem>();

    /// <summary>The server, once it was used.</summary>
    public ServerState? Server => Services.GetRequiredService<PoolRuntime>().Servers.Values.SingleOrDefault();

    public static async Task<EfHost> StartAsync(
        MemorySecretStore secrets, Action<IServiceCollection>? add = null, Action<HyperConnOptions>? configure = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }));
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(60));
        builder.Services.AddSingleton<ISecretStore>(secrets);
        builder.Services.AddHyperConn(o =>
        {
            o.ProjectName = MemorySecretStore.Project;
            o.Services = ["core"];
            o.Pools.MaxPools = 1_000;
            configure?.Invoke(o);
        });
        if (add is null)
            builder.Services.AddTenantDbContext<ShopContext>();
        else
            add(builder.Services);
        builder.Services.AddAkka("ef", (akka, _) => akka
            .AddHocon("akka.stdout-loglevel = OFF\nakka.loglevel = OFF", HoconAddMode.Prepend)
            .WithHyperConn());
        var host = builder.Build();
        await host.StartAsync();
        return new EfHost(host);
    }

    /// <summary>Waits until nobody has a lease.</summary>
    public Task NoLeasesAsync() => Until.TrueAsync(async () => (await Pools.GetStatisticsAsync()).Leases == 0);

    public async Task<int> LeasesAsync() => (await Pools.GetStatisticsAsync()).Leases;

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
