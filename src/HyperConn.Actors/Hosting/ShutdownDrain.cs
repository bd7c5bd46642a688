using Akka.Actor;
using Akka.Configuration;
using HyperConn.Pools;
using Microsoft.Extensions.Hosting;

namespace HyperConn.Hosting;

/// <summary>Stops the application's workers when the actor system ends, and drains the pools after them.</summary>
internal static class ShutdownDrain
{
    public const string Phase = "hyperconn-drain";

    /// <summary>Before anything of a cluster ends that a worker may send by.</summary>
    public const string WorkersPhase = "hyperconn-workers";

    private const string Phases = "akka.coordinated-shutdown.phases";

    // Beyond the longest drain: ending the sessions of leases that are left.
    private static readonly TimeSpan Margin = TimeSpan.FromHours(1);

    /// <summary>
    /// Phases of its own, so that the time-out of no other changes. Drains keep their own deadline; the phases' are only not in their way.
    /// </summary>
    public static Config Defaults => ConfigurationFactory.ParseString(
        $$"""
        akka.coordinated-shutdown {
          run-by-clr-shutdown-hook = off
          phases {
            {{WorkersPhase}} {
              timeout = {{(long)(PoolOptions.MaxDrainTimeout + Margin).TotalSeconds}}s
              depends-on = [before-cluster-shutdown]
            }
            {{Phase}} {
              timeout = {{(long)(PoolOptions.MaxDrainTimeout + Margin).TotalSeconds}}s
              depends-on = [before-actor-system-terminate, {{WorkersPhase}}]
            }
            actor-system-terminate.depends-on = [before-actor-system-terminate, {{Phase}}]
          }
        }
        """);

    /// <summary>Has the workers stopped and then the pools drained before the actor system ends, both within one time-out.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="pools">The pools.</param>
    /// <param name="runtime">Their settings, clock and log.</param>
    /// <param name="workers">The host's workers, in order of registration.</param>
    /// <exception cref="HyperConnException">The actor system would not wait for it.</exception>
    public static void Register(ActorSystem system, ITenantPools pools, PoolRuntime runtime, IReadOnlyList<BackgroundService> workers)
    {
        if (!system.Settings.Config.GetStringList($"{Phases}.actor-system-terminate.depends-on").Contains(Phase))
        {
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured,
                $"{Phases}.actor-system-terminate.depends-on is set without {Phase}, so the actor system would end while pools drain. Add {Phase} to it."));
        }

        var stopping = TimeSpan.Zero;
        var shutdown = CoordinatedShutdown.Get(system);
        shutdown.AddTask(WorkersPhase, "stop-workers", async () =>
        {
            var started = runtime.Time.GetTimestamp();
            await StopWorkersAsync(workers, runtime.Options.Pools.DrainTimeout, runtime).ConfigureAwait(false);
            stopping = runtime.Time.GetElapsedTime(started);
            return Akka.Done.Instance;
        });
        shutdown.AddTask(Phase, "drain-pools", async () =>
        {
            var left = runtime.Options.Pools.DrainTimeout - stopping;
            await pools.DrainAllAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero).ConfigureAwait(false);
            return Akka.Done.Instance;
        });
    }

    /// <summary>
    /// Stops the workers the host has not stopped. It stops services last registered first, so those registered before Akka would work on
    /// until the pools are gone. To be stopped twice changes nothing for a <see cref="BackgroundService"/>.
    /// </summary>
    private static async Task StopWorkersAsync(IReadOnlyList<BackgroundService> workers, TimeSpan timeout, PoolRuntime runtime)
    {
        using var limit = new CancellationTokenSource(timeout, runtime.Time);
        foreach (var worker in workers.Reverse().Where(worker => worker.ExecuteTask is { IsCompleted: false }))
        {
            try
            {
                await worker.StopAsync(limit.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                PoolLog.WorkerNotStopped(runtime.Logger, worker.GetType().Name, exception);
            }
        }
    }
}
