using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace HyperConn.Diagnostics;

/// <summary>Registers what the operating side needs; called by <c>AddHyperConn</c>.</summary>
internal static class DiagnosticsServices
{
    /// <summary>
    /// Adds <see cref="OperatorEvents"/>, <see cref="IStatisticsSource"/>, <see cref="HyperConnMeter"/> and <see cref="ITenantOperator"/>.
    /// The meter is built when the host starts: instruments nobody resolved would not exist.
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
        services.AddHostedService<MeterStart>();
        return services;
    }

    private sealed class MeterStart(HyperConnMeter meter) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            GC.KeepAlive(meter);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
