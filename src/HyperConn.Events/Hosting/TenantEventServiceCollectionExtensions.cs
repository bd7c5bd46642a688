using System.Diagnostics.Metrics;
using HyperConn;
using HyperConn.Events;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

// Where users of a container look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the handling of tenants' events in a container.</summary>
public static class TenantEventServiceCollectionExtensions
{
    /// <summary>
    /// Adds the worker, which starts with the host: it reads the registered <see cref="ITenantEventSource"/> and has each event handled on
    /// its tenant's database. Needs <c>AddHyperConn</c> and <c>WithHyperConn</c>.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Settings in code; may be given in several calls.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddTenantEvents(this IServiceCollection services, Action<TenantEventOptions>? configure = null)
    {
        services.AddTenantEventWorker(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, TenantEventWorker>(
            provider => provider.GetRequiredService<TenantEventWorker>()));
        return services;
    }

    /// <summary>Adds a handler, and the worker. It is resolved for each event from a scope of its own, so it may use scoped
    /// services.</summary>
    /// <typeparam name="THandler">The handler.</typeparam>
    /// <param name="services">The container.</param>
    /// <param name="types">Types of events it is for; none: all that have no handler of their own.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddTenantEventHandler<THandler>(this IServiceCollection services, params string[] types)
        where THandler : class, ITenantEventHandler
    {
        ArgumentNullException.ThrowIfNull(types);
        services.AddTenantEvents();
        services.TryAddScoped<THandler>();
        services.AddSingleton(new HandlerRegistration(
            HandlerRegistration.Named(types), null, static scope => scope.GetRequiredService<THandler>()));
        return services;
    }

    /// <summary>Adds a handler that is there already, such as a <see cref="SqlStatementHandler"/>, and the worker.</summary>
    /// <param name="services">The container.</param>
    /// <param name="handler">The handler.</param>
    /// <param name="types">Types of events it is for; none: all that have no handler of their own.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddTenantEventHandler(this IServiceCollection services, ITenantEventHandler handler, params string[] types)
    {
        services.AddTenantEvents();
        return services.AddHandler(handler, types);
    }

    internal static IServiceCollection AddHandler(this IServiceCollection services, ITenantEventHandler handler, params string[] types)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(types);
        return services.AddSingleton(new HandlerRegistration(HandlerRegistration.Named(types), handler));
    }

    /// <summary>Has events handled elsewhere.</summary>
    internal static IServiceCollection AddForwarder<TForwarder>(this IServiceCollection services, params string[] types)
        where TForwarder : class, IEventForwarder
    {
        ArgumentNullException.ThrowIfNull(types);
        return services.AddSingleton(provider => new HandlerRegistration(
            HandlerRegistration.Named(types), null, Forwarder: provider.GetRequiredService<TForwarder>()));
    }

    /// <summary>Adds the worker for somebody who starts and stops it by himself.</summary>
    internal static IServiceCollection AddTenantEventWorker(this IServiceCollection services, Action<TenantEventOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<TenantEventOptions>();
        if (configure is not null)
            options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TenantEventOptions>, TenantEventOptionsValidator>());
        options.ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TenantEventHandlers>();
        services.TryAddSingleton(CreateWorker);
        services.TryAddSingleton(provider => new TenantEventMeter(provider.GetService<IMeterFactory>()));
        return services;
    }

    private static TenantEventWorker CreateWorker(IServiceProvider provider)
    {
        var sources = provider.GetServices<ITenantEventSource>().ToList();
        if (sources is not [var source])
        {
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured,
                $"The worker of tenants' events needs one ITenantEventSource in the container; there are {sources.Count}."));
        }

        var options = provider.GetRequiredService<IOptions<TenantEventOptions>>().Value;
        var pools = provider.GetRequiredService<ITenantPools>();
        var time = provider.GetRequiredService<TimeProvider>();
        var logger = (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger("HyperConn.Events");
        var inbox = options.Inbox ? new TenantInbox(options.InboxTable, source.IdScope) : null;
        var worker = new TenantEventWorker(
            source,
            options,
            new EventAttempt(
                pools, provider.GetRequiredService<TenantEventHandlers>(), inbox, source.Name, provider.GetRequiredService<IServiceScopeFactory>()).MakeAsync,
            inbox is null ? null : new InboxCleaner(inbox, pools, options.InboxRetention, time, logger),
            time,
            logger,
            stop => StartedAsync(provider, stop));
        provider.GetRequiredService<TenantEventMeter>().Observe(worker);
        return worker;
    }

    /// <summary>Actors, and with them the pools, are there when every service of the host has started.</summary>
    private static async Task StartedAsync(IServiceProvider provider, CancellationToken stop)
    {
        if (provider.GetService<IHostApplicationLifetime>() is not { } lifetime)
            return;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private sealed class TenantEventOptionsValidator : IValidateOptions<TenantEventOptions>
    {
        public ValidateOptionsResult Validate(string? name, TenantEventOptions options) =>
            options.Faults().ToList() is { Count: > 0 } faults ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }
}
