using Akka.Actor;
using Akka.Configuration;
using HyperConn;
using HyperConn.Configuration;
using HyperConn.Diagnostics;
using HyperConn.Hosting;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Secrets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// Where users of a container look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers HyperConn in a container.</summary>
public static class HyperConnServiceCollectionExtensions
{
    /// <summary>Section of <c>IConfiguration</c> that is read.</summary>
    public const string ConfigurationSection = "HyperConn";

    /// <summary>
    /// Adds <see cref="ITenantPools"/> and what it needs. Start it with <c>WithHyperConn()</c> on the Akka builder.
    /// </summary>
    /// <remarks>
    /// Settings come, strongest first, from <paramref name="configure"/>, from section <c>HyperConn</c> of the container's
    /// <c>IConfiguration</c>, from section <c>hyperconn</c> of <paramref name="hocon"/>, and from the defaults. They are checked when the
    /// host starts; an <see cref="OptionsValidationException"/> lists every fault. Register an <see cref="ISecretStore"/> of your own
    /// before or after this call to use it instead of the configured one.
    /// </remarks>
    /// <param name="services">The container.</param>
    /// <param name="configure">Settings in code.</param>
    /// <param name="hocon">HOCON, for example <c>ConfigurationFactory.ParseString(File.ReadAllText("hyperconn.conf"))</c>.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddHyperConn(
        this IServiceCollection services, Action<HyperConnOptions>? configure = null, Config? hocon = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var faults = new ConfigurationFaults();
        services.AddSingleton<IValidateOptions<HyperConnOptions>>(new HyperConnOptionsValidator(faults));
        var options = services.AddOptions<HyperConnOptions>();
        if (hocon is not null)
            options.Configure(o => HoconBinder.Bind(hocon, o, faults));
        options.Configure<IServiceProvider>((o, provider) =>
        {
            if (provider.GetService<IConfiguration>() is { } configuration)
                ConfigurationSource.Bind(configuration.GetSection(ConfigurationSection), o, faults);
        });
        if (configure is not null)
            options.Configure(configure);
        options.ValidateOnStart();

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ISecretStore>(provider => SecretStoreFactory.Create(
            provider.GetRequiredService<IOptions<HyperConnOptions>>().Value.Secrets, Loggers(provider)));
        services.AddHyperConnDiagnostics(
            provider => provider.GetRequiredService<IOptions<HyperConnOptions>>().Value.Diagnostics,
            static (provider, command, token) => AskAsync(provider.GetRequiredService<PoolRuntime>(), command, token));
        services.TryAddSingleton(provider => new PoolRuntime(
            provider.GetRequiredService<IOptions<HyperConnOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            new OperatorEventLogs(Loggers(provider), provider.GetRequiredService<OperatorEvents>()),
            provider.GetRequiredService<HyperConnMeter>()));
        services.TryAddSingleton<ITenantPools>(provider => new TenantPools(
            provider.GetRequiredService<PoolRuntime>(), provider.GetRequiredService<ISecretStore>()));
        services.TryAddScoped<ITenantAccessor, ScopedTenant>();
        return services;
    }

    private static async Task<OperatorReply> AskAsync(PoolRuntime runtime, OperatorCommand command, CancellationToken cancellationToken)
    {
        if (runtime.Supervisor.IsNobody())
            return new OperatorReply(false, CommonFailures.NotStarted().Message, 0);
        try
        {
            return await runtime.Supervisor.Ask<OperatorReply>(command, TimeSpan.FromSeconds(30), cancellationToken).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            return new OperatorReply(false, "The pool supervisor did not answer within 30 s.", 0);
        }
    }

    private static ILoggerFactory Loggers(IServiceProvider provider) =>
        provider.GetService<ILoggerFactory>() ?? Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance;
}
