using Akka.Actor;
using Akka.Hosting;
using Akka.Routing;
using HyperConn.Host.Workers;
using Microsoft.Extensions.Options;

namespace HyperConn.Host;

/// <summary>What <c>run</c> and <c>demo</c> are put together from.</summary>
internal static class HostComposition
{
    // What the pool supervisor answers comes by its own deadline; these only bound a fault.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>A host that leaves Ctrl-C to the command line and logs nothing until told where.</summary>
    public static HostApplicationBuilder CreateBuilder()
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IHostLifetime, CommandLineLifetime>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(60));
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        // It would log every statement with the data in it.
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        // What can't start is said in one line by the command; the framework would add the stack.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        return builder;
    }

    /// <summary>Adds the feed of events. Needs an <see cref="ITenantEventSource"/> and an <see cref="ITenantEventHandler"/>.</summary>
    /// <param name="services">Services.</param>
    /// <param name="workers">Most events under way at once.</param>
    public static IServiceCollection AddEventWorkers(this IServiceCollection services, int workers)
    {
        services.AddSingleton<EventCounters>();
        services.AddSingleton(provider => new EventFeedOptions(workers, Patience(provider) * 2 + CommandTimeout(provider)));
        services.AddSingleton<EventFeed>();
        return services;
    }

    /// <summary>Sends what Akka logs where everything else is logged; standard output belongs to the command.</summary>
    /// <param name="builder">Akka's settings.</param>
    /// <param name="services">Where the levels are; null: those of Akka.</param>
    public static AkkaConfigurationBuilder WithHostLogging(this AkkaConfigurationBuilder builder, IServiceProvider? services = null) => builder
        .AddHocon($"akka {{ stdout-loglevel = OFF, stdout-logger-class = \"{typeof(SilentLogger).AssemblyQualifiedName}\" }}", HoconAddMode.Prepend)
        .ConfigureLoggers(loggers =>
        {
            loggers.ClearLoggers();
            if (services?.GetRequiredService<ILoggerFactory>().CreateLogger("Akka").IsEnabled(LogLevel.Debug) == true)
                loggers.LogLevel = Akka.Event.LogLevel.DebugLevel;
            loggers.AddLoggerFactory();
        });

    /// <summary>Starts the application's actors, behind a router. Needs <c>WithHyperConn</c> before it.</summary>
    public static AkkaConfigurationBuilder WithEventWorkers(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
        {
            var handler = resolver.GetService<ITenantEventHandler>();
            var patience = resolver.GetService<IOptions<HyperConnOptions>>().Value.Pools.AcquireTimeout + Grace;
            var pools = registry.Get<PoolSupervisor>();
            var workers = Props.Create(() => new TenantEventActor(pools, handler, patience)).WithRouter(new RoundRobinPool(Environment.ProcessorCount * 2));
            registry.Register<TenantEventRouter>(system.ActorOf(workers, "tenant-events"));
        });

    /// <summary>Stands in for Akka's own writer to standard output, which comes back when the other loggers have been stopped.</summary>
    internal sealed class SilentLogger : Akka.Event.MinimalLogger
    {
        protected override void Log(object message)
        {
        }
    }

    private static TimeSpan Patience(IServiceProvider services) =>
        services.GetRequiredService<IOptions<HyperConnOptions>>().Value.Pools.AcquireTimeout + Grace;

    private static TimeSpan CommandTimeout(IServiceProvider services) =>
        services.GetRequiredService<IOptions<HyperConnOptions>>().Value.Connections.CommandTimeout;

    /// <summary>The command line stops the host; the console's own signals must not do it a second time.</summary>
    private sealed class CommandLineLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
