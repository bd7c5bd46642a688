using HyperConn;
using HyperConn.Events;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// Where users of a container look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers an outbox table as the source of tenants' events.</summary>
public static class OutboxServiceCollectionExtensions
{
    /// <summary>Adds an outbox table as the source of events, and the worker that reads it. Settings are checked when the host
    /// starts.</summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Settings in code; may be given in several calls.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddOutboxEvents(this IServiceCollection services, Action<OutboxOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<OutboxOptions>();
        if (configure is not null)
            options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OutboxOptions>, Validator>());
        options.ValidateOnStart();
        services.AddTenantEvents();
        services.TryAddSingleton(Create);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITenantEventSource, OutboxEventSource>(
            provider => provider.GetRequiredService<OutboxEventSource>()));
        return services;
    }

    private static OutboxEventSource Create(IServiceProvider provider) => new(
        provider.GetRequiredService<IOptions<OutboxOptions>>().Value,
        provider.GetService<ITenantPools>(),
        provider.GetService<ILogger<OutboxEventSource>>(),
        provider.GetService<TimeProvider>());

    private sealed class Validator : IValidateOptions<OutboxOptions>
    {
        public ValidateOptionsResult Validate(string? name, OutboxOptions options) =>
            options.Faults().Select(fault => $"{nameof(OutboxOptions)}: {fault}").ToList() is { Count: > 0 } faults
                ? ValidateOptionsResult.Fail(faults)
                : ValidateOptionsResult.Success;
    }
}
