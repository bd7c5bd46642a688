using Akka.Hosting;

namespace HyperConn.Host;

/// <summary>What <c>run</c> and <c>demo</c> are put together from.</summary>
internal static class HostComposition
{
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

    /// <summary>Stands in for Akka's own writer to standard output, which comes back when the other loggers have been stopped.</summary>
    internal sealed class SilentLogger : Akka.Event.MinimalLogger
    {
        protected override void Log(object message)
        {
        }
    }

    /// <summary>The command line stops the host; the console's own signals must not do it a second time.</summary>
    private sealed class CommandLineLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
