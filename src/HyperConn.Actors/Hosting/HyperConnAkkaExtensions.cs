using Akka.Actor;
using Akka.Hosting;
using HyperConn.Diagnostics;
using HyperConn.Hosting;
using HyperConn.Pools;

namespace HyperConn;

/// <summary>Starts HyperConn in an actor system hosted by Akka.Hosting.</summary>
public static class HyperConnAkkaExtensions
{
    /// <summary>
    /// Starts the pool supervisor and registers it under <see cref="PoolSupervisor"/>. When the actor system ends by coordinated shutdown
    /// (as it does when the host stops), every pool is drained first, after the application's own services have stopped.
    /// </summary>
    /// <param name="builder">The Akka builder.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="HyperConnException">At start, with <see cref="HyperConnErrorCode.NotConfigured"/>, when
    /// <c>AddHyperConn</c> was not called on the container.</exception>
    public static AkkaConfigurationBuilder WithHyperConn(this AkkaConfigurationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);

        // The phase's own limit (5 s) is shorter than a drain may take; Pools.DrainTimeout is the one that counts.
        builder.AddHocon("akka.coordinated-shutdown.phases.before-actor-system-terminate.timeout = 10m", HoconAddMode.Prepend);
        // Akka's own signal hook would drain at the first SIGINT or SIGTERM, under the hands of services that still work. The host
        // stops these first and the actor system after them.
        builder.AddHocon("akka.coordinated-shutdown.run-by-clr-shutdown-hook = off", HoconAddMode.Prepend);
        return builder.WithActors((system, registry, resolver) =>
        {
            var runtime = resolver.GetService<PoolRuntime>() ?? throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured, "WithHyperConn() needs services.AddHyperConn(...) on the same container."));
            var store = new MeteredSecretStore(resolver.GetService<ISecretStore>(), resolver.GetService<HyperConnMeter>(), runtime.Store, runtime.Time);
            var supervisor = HyperConnActors.Start(system, runtime, store);
            registry.Register<PoolSupervisor>(supervisor);

            var pools = resolver.GetService<ITenantPools>();
            CoordinatedShutdown.Get(system).AddTask(
                CoordinatedShutdown.PhaseBeforeActorSystemTerminate,
                "hyperconn-drain",
                async () =>
                {
                    await pools.DrainAllAsync().ConfigureAwait(false);
                    return Akka.Done.Instance;
                });
        });
    }
}
