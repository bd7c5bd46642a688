using Akka.Actor;
using Akka.TestKit;
using HyperConn.Diagnostics;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>
/// A supervisor with real pools and budgets on scripted secrets, in virtual time and without a server: leases are taken and ended, nothing
/// is opened. All actors run in the thread that tells, so what a message sets off is over when the telling is.
/// </summary>
internal sealed class PoolWorld
{
    public const string Dispatcher = "akka.test.calling-thread-dispatcher";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TestScheduler _scheduler;
    private readonly ActorSystem _system;

    public PoolWorld(ActorSystem system, Action<HyperConnOptions>? configure = null)
    {
        _system = system;
        _scheduler = (TestScheduler)system.Scheduler;
        Time = SchedulerTimeProvider.Of(system);
        var options = new HyperConnOptions { ProjectName = "martech" };
        options.Servers.MaxConnections = ServerOptions.Unlimited;
        configure?.Invoke(options);
        Events = new OperatorEvents(clock: Time);
        Runtime = new PoolRuntime(options, Time, new OperatorEventLogs(new OneLogger(Lines), Events));
        Secrets = new ScriptedSecrets(Time, Runtime.Monotonic);
        Supervisor = Runtime.Supervisor = system.ActorOf(PoolSupervisorActor.CreateProps(Runtime, Parts()).WithDispatcher(Dispatcher));

        // An actor of the top level starts in its guardian's time.
        Snapshot().GetAwaiter().GetResult();
    }

    public SchedulerTimeProvider Time { get; }

    public RecordingLogger Lines { get; } = new();

    /// <summary>What operators see happen.</summary>
    public OperatorEvents Events { get; }

    public PoolRuntime Runtime { get; }

    public ScriptedSecrets Secrets { get; }

    public IActorRef Supervisor { get; }

    /// <summary>Pools made so far, in order.</summary>
    public List<TenantKey> Made { get; } = [];

    /// <summary>The next pool's making throws in the supervisor, which restarts.</summary>
    public bool MakingThrows { get; set; }

    public static TenantKey Tenant(string org, string service = "core") => TenantKey.Create(service, org);

    /// <summary>Tenants whose pool takes leases.</summary>
    public IEnumerable<string> Live => Runtime.Handles.Values.Where(handle => handle.Current is not null).Select(handle => handle.Tenant.Org).Order(StringComparer.Ordinal);

    public TenantDataSource Handle(string org) => Runtime.Handles.Find(Tenant(org))!;

    public PoolGeneration Pool(string org) => Handle(org).Current!;

    public Task<PoolReply> Ask(string org) => Ask(Tenant(org));

    /// <summary>Its time-out is virtual; a test's patience is not.</summary>
    public Task<PoolReply> Ask(TenantKey tenant) => Within(Supervisor.Ask<PoolReply>(new GetPool(tenant), TimeSpan.FromDays(1)));

    public Task<T> AskFor<T>(object message) => Within(Supervisor.Ask<T>(message, TimeSpan.FromDays(1)));

    public async Task<TenantDataSource> Get(string org) => Assert.IsType<PoolReady>(await Ask(org)).DataSource;

    public async Task<HyperConnFailure> GetFails(string org) => Assert.IsType<PoolUnavailable>(await Ask(org)).Reason;

    public Task<PoolGeneration> Ensure(string org, bool forLease = false, CancellationToken cancellationToken = default) =>
        Within(Runtime.EnsurePoolAsync(Tenant(org), forLease, cancellationToken));

    /// <summary>Asks for the tenant's pool and takes a lease on it.</summary>
    public async Task<Lease> Hold(string org)
    {
        await Get(org);
        return await Take(Pool(org));
    }

    public static async Task<Lease> Take(PoolGeneration pool)
    {
        var taken = await Within(pool.AcquireAsync(CancellationToken.None).AsTask());
        Assert.True(taken.Outcome is LeaseOutcome.Leased or LeaseOutcome.Granted, taken.Outcome.ToString());
        if (taken.Outcome == LeaseOutcome.Granted)
            pool.EndGrantedOpen();
        return new Lease(pool, taken.AgeBucket);
    }

    public void Pass(TimeSpan time) => _scheduler.Advance(time);

    public void Pass(int milliseconds) => Pass(TimeSpan.FromMilliseconds(milliseconds));

    public static Task<T> Within<T>(Task<T> task) => task.WaitAsync(Patience);

    public static Task Within(Task task) => task.WaitAsync(Patience);

    public async Task<EvictResult> Evict(string org) => (await AskFor<PoolEvicted>(new EvictPool(Tenant(org)))).Result;

    public Task<PoolsSnapshot> Snapshot() => AskFor<PoolsSnapshot>(GetPoolsSnapshot.Instance);

    /// <summary>Makes the supervisor throw, and waits until it is there again.</summary>
    public async Task CrashSupervisor()
    {
        MakingThrows = true;
        Supervisor.Tell(new GetPool(Tenant("crash")));
        await Snapshot();
    }

    private PoolParts Parts() => new(
        (runtime, handle, fetcher) =>
        {
            if (MakingThrows)
            {
                MakingThrows = false;
                throw new InvalidOperationException("Made to throw.");
            }

            Made.Add(handle.Tenant);
            return TenantPoolActor.Props(runtime, handle, fetcher).WithDispatcher(Dispatcher);
        },
        _ => Secrets.Props(),
        (runtime, server) => ServerBudget.Props(
            server, runtime.Options.Servers, runtime.Options.Connections.MaxPerTenant, runtime.Options.Pools.MaxPools, Time, Lines, BudgetTuning.Immediate)
            .WithDispatcher(Dispatcher));

    internal sealed class Lease(PoolGeneration pool, int half)
    {
        public PoolGeneration Pool => pool;

        public void End() => pool.EndReturned(half);
    }
}
