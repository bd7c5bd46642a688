using Akka.Hosting;
using HyperConn.Diagnostics;
using HyperConn.Hosting;
using HyperConn.Pools;
using Microsoft.Extensions.Hosting;

namespace HyperConn;

/// <summary>Starts HyperConn in an actor system hosted by Akka.Hosting.</summary>
public static class HyperConnAkkaExtensions
{
    /// <summary>
    /// Starts the pool supervisor and registers it under <see cref="PoolSupervisor"/>. When the actor system ends by coordinated shutdown
    /// (as it does when the host stops), every <see cref="BackgroundService"/> of the host is stopped first, wherever it is registered, and
    /// then every pool is drained, both within <see cref="PoolOptions.DrainTimeout"/>.
    /// </summary>
    /// <remarks>
    /// Two settings of coordinated shutdown are given defaults; your own win (those added before this call, or with
    /// <see cref="HoconAddMode.Prepend"/>). The phases <c>hyperconn-workers</c>, after <c>before-cluster-shutdown</c>, and <c>hyperconn-drain</c>,
    /// before <c>actor-system-terminate</c>, are added, with a time-out that <see cref="PoolOptions.DrainTimeout"/> never reaches. <c>run-by-clr-shutdown-hook</c> is off: Akka's own hook would drain at
    /// the first signal, under the hands of services that still work; the host stops these first and the actor system after them.
    /// </remarks>
    /// <param name="builder">The Akka builder.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="HyperConnException">At start, with <see cref="HyperConnErrorCode.NotConfigured"/>, when
    /// <c>AddHyperConn</c> was not called on the container, or when a setting of coordinated shutdown lets the actor system end before the
    /// pools are drained.</exception>
    public static AkkaConfigurationBuilder WithHyperConn(this AkkaConfigurationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddHocon(ShutdownDrain.Defaults, HoconAddMode.Append);
        return builder.WithActors((system, registry, resolver) =>
        {
            var runtime = resolver.GetService<PoolRuntime>() ?? throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured, "WithHyperConn() needs services.AddHyperConn(...) on the same container."));
            var store = new MeteredSecretStore(resolver.GetService<ISecretStore>(), resolver.GetService<HyperConnMeter>(), runtime.Store, runtime.Time);
            var supervisor = HyperConnActors.Start(system, runtime, store);
            registry.Register<PoolSupervisor>(supervisor);
            ShutdownDrain.Register(
                system,
                resolver.GetService<ITenantPools>(),
                runtime,
                [.. resolver.GetService<IEnumerable<IHostedService>>().OfType<BackgroundService>()]);
        });
    }
}
