using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace HyperConn;

/// <summary>Registers what the operating side needs; called by <c>AddHyperConn</c>.</summary>
internal static class DiagnosticsServices
{
    /// <summary>
    /// Adds <see cref="OperatorEvents"/>, <see cref="IStatisticsSource"/>, <see cref="HyperConnMeter"/> and <see cref="ITenantOperator"/>.
    /// Nothing is built until asked for; <see cref="HyperConnMeter"/> must be resolved once at start for metrics to appear.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="diagnostics">Reads the settings when the meter is built.</param>
    /// <param name="ask">Hands a command to the supervisor.</param>
    public static IServiceCollection AddHyperConnDiagnostics(
        this IServiceCollection services,
        Func<IServiceProvider, DiagnosticsOptions> diagnostics,
        Func<IServiceProvider, OperatorCommand, CancellationToken, Task<OperatorReply>> ask)
    {
        services.TryAddSingleton(sp => new OperatorEvents(clock: sp.GetService<TimeProvider>()));

        // Resolved at the first snapshot, not here: the manager itself takes the meter.
        services.TryAddSingleton<IStatisticsSource>(sp => new StatisticsCache(
            token => sp.GetRequiredService<ITenantPools>().GetStatisticsAsync(token),
            sp.GetService<TimeProvider>()));
        services.TryAddSingleton(sp => new HyperConnMeter(
            sp.GetRequiredService<IStatisticsSource>(),
            diagnostics(sp),
            sp.GetService<IMeterFactory>()));
        services.TryAddSingleton<ITenantOperator>(sp => new TenantOperator((command, token) => ask(sp, command, token)));
        return services;
    }
}
