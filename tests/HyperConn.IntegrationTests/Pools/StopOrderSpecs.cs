using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Hosting;
using HyperConn.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace HyperConn.Tests.Pools;

/// <summary>How a host stops its workers and drains the pools. Pools are made but nothing is opened, so no server is needed.</summary>
public class StopOrderSpecs
{
    private const string DependsOn = "akka.coordinated-shutdown.phases.actor-system-terminate.depends-on";

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task A_worker_finishes_what_it_does_before_the_pools_drain_wherever_it_is_registered(bool workerFirst, bool stopsConcurrently)
    {
        var work = new WorkLog();
        using var host = Build(work, services => services.Configure<HostOptions>(o => o.ServicesStopConcurrently = stopsConcurrently), workerFirst: workerFirst);
        await host.StartAsync();
        await work.Begun.WaitAsync(TimeSpan.FromSeconds(20));

        await host.StopAsync();

        Assert.Equal(["asked to stop", "last tenant served", "ended"], work.Lines);
    }

    [Fact]
    public async Task Workers_finish_before_the_pools_drain_too_when_the_actor_system_ends_by_itself()
    {
        var work = new WorkLog();
        using var host = Build(work);
        await host.StartAsync();
        await work.Begun.WaitAsync(TimeSpan.FromSeconds(20));

        await CoordinatedShutdown.Get(host.Services.GetRequiredService<ActorSystem>()).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);

        Assert.Equal(["asked to stop", "last tenant served", "ended"], work.Lines);
        await host.StopAsync();
    }

    [Fact]
    public async Task A_worker_that_does_not_end_holds_up_the_stop_no_longer_than_the_drain_time_out()
    {
        var work = new WorkLog { Deaf = true };
        using var host = Build(work, o => o.AddOptions<HyperConnOptions>().Configure(h => h.Pools.DrainTimeout = TimeSpan.FromMilliseconds(200)), workerFirst: true);
        await host.StartAsync();
        await work.Begun.WaitAsync(TimeSpan.FromSeconds(20));

        await host.Services.GetRequiredService<ActorSystem>().Terminate().WaitAsync(TimeSpan.FromSeconds(20));

        work.Deaf = false;
        await host.StopAsync();
    }

    [Fact]
    public async Task The_time_outs_of_Akkas_own_phases_stay_as_they_are()
    {
        using var host = Build(new WorkLog());
        await host.StartAsync();
        var shutdown = CoordinatedShutdown.Get(host.Services.GetRequiredService<ActorSystem>());

        Assert.Equal(TimeSpan.FromSeconds(5), shutdown.Timeout(CoordinatedShutdown.PhaseBeforeActorSystemTerminate));
        Assert.True(shutdown.Timeout("hyperconn-drain") > PoolOptions.MaxDrainTimeout);
        await host.StopAsync();
    }

    [Fact]
    public async Task A_users_own_settings_of_the_shutdown_win()
    {
        using var host = Build(new WorkLog(), hocon: "akka.coordinated-shutdown.run-by-clr-shutdown-hook = on");
        await host.StartAsync();

        Assert.True(host.Services.GetRequiredService<ActorSystem>().Settings.Config.GetBoolean("akka.coordinated-shutdown.run-by-clr-shutdown-hook"));
        await host.StopAsync();
    }

    [Fact]
    public async Task Settings_that_would_end_the_actor_system_under_the_drain_are_refused_at_start()
    {
        using var host = Build(new WorkLog(), hocon: $"{DependsOn} = [before-actor-system-terminate]");

        var refused = await Assert.ThrowsAsync<HyperConnException>(() => host.StartAsync());

        Assert.Equal(HyperConnErrorCode.NotConfigured, refused.Code);
        Assert.Contains(DependsOn, refused.Message, StringComparison.Ordinal);
        Assert.Contains("hyperconn-drain", refused.Message, StringComparison.Ordinal);
    }

    private static IHost Build(WorkLog work, Action<IServiceCollection>? configure = null, bool workerFirst = false, string hocon = "")
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<ISecretStore>(new MemorySecretStore().Put(Tenant("first"), Uri).Put(Tenant("last"), Uri));
        builder.Services.AddSingleton(work);
        if (workerFirst)
            builder.Services.AddHostedService<Worker>();
        builder.Services.AddHyperConn(o => o.ProjectName = MemorySecretStore.Project);
        configure?.Invoke(builder.Services);
        builder.Services.AddAkka("test", (akka, _) => akka
            .AddHocon($"akka.stdout-loglevel = OFF\nakka.loglevel = WARNING\n{hocon}", HoconAddMode.Prepend)
            .WithHyperConn());
        if (!workerFirst)
            builder.Services.AddHostedService<Worker>();
        return builder.Build();
    }

    private static string Uri => "postgresql://u:p@localhost:1/db";

    private static TenantKey Tenant(string org) => TenantKey.Create("core", org);

    /// <summary>Uses pools until it is asked to stop, and once more to finish what it has begun.</summary>
    private sealed class Worker(ITenantPools pools, WorkLog work) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            // Registered first, it starts before the actor system.
            while (true)
            {
                try
                {
                    await pools.GetDataSourceAsync(Tenant("first"), CancellationToken.None);
                    break;
                }
                catch (HyperConnException notYet) when (notYet.Code == HyperConnErrorCode.NotConfigured)
                {
                    await Task.Delay(10, CancellationToken.None);
                }
            }

            work.Begin();
            await Task.Delay(Timeout.Infinite, stoppingToken).ContinueWith(_ => { }, TaskScheduler.Default);
            while (work.Deaf)
                await Task.Delay(10, CancellationToken.None);
            work.Lines.Enqueue("asked to stop");

            // Time in which a drain that did not wait would begin.
            await Task.Delay(300, CancellationToken.None);
            try
            {
                await pools.GetDataSourceAsync(Tenant("last"), CancellationToken.None);
                work.Lines.Enqueue("last tenant served");
            }
            catch (HyperConnException refused)
            {
                work.Lines.Enqueue($"last tenant refused: {refused.Code}");
            }

            work.Lines.Enqueue("ended");
        }
    }

    private sealed class WorkLog
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _deaf;

        public ConcurrentQueue<string> Lines { get; } = [];

        public Task Begun => _begun.Task;

        /// <summary>Whether the worker goes on though it is asked to stop.</summary>
        public bool Deaf
        {
            get => _deaf;
            set => _deaf = value;
        }

        public void Begin() => _begun.TrySetResult();
    }
}
