using HyperConn.Events;
using HyperConn.Events.Sqs;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// Where users of a container look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers Amazon SQS as the source of tenants' events.</summary>
public static class SqsEventServiceCollectionExtensions
{
    /// <summary>Adds a queue as the source of events, and the worker that reads it. Settings are checked when the host starts.</summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Settings in code; may be given in several calls.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddSqsEvents(this IServiceCollection services, Action<SqsEventOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<SqsEventOptions>();
        if (configure is not null)
            options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SqsEventOptions>, Validator>());
        options.ValidateOnStart();
        services.AddTenantEvents();
        services.TryAddSingleton(Create);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITenantEventSource, SqsEventSource>(
            provider => provider.GetRequiredService<SqsEventSource>()));
        return services;
    }

    private static SqsEventSource Create(IServiceProvider provider) => new(
        provider.GetRequiredService<IOptions<SqsEventOptions>>().Value,
        provider.GetService<ILogger<SqsEventSource>>(),
        provider.GetService<TimeProvider>());

    private sealed class Validator : IValidateOptions<SqsEventOptions>
    {
        public ValidateOptionsResult Validate(string? name, SqsEventOptions options) =>
            options.Faults().Select(fault => $"{nameof(SqsEventOptions)}: {fault}").ToList() is { Count: > 0 } faults
                ? ValidateOptionsResult.Fail(faults)
                : ValidateOptionsResult.Success;
    }
}
