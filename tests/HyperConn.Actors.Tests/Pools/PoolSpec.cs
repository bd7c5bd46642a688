namespace HyperConn.Tests.Pools;

/// <summary>An actor system whose time the test moves, with a world of pools in it.</summary>
public abstract class PoolSpec : Akka.TestKit.Xunit2.TestKit
{
    private PoolWorld? _world;

    protected PoolSpec()
        : base(SchedulerTimeProvider.Config + "\nakka.loglevel = WARNING")
    {
    }

    /// <summary>Settings of <see cref="World"/>, before it is first used.</summary>
    private protected Action<HyperConnOptions> Configure { get; set; } = _ => { };

    private protected PoolWorld World => _world ??= new PoolWorld(Sys, Configure);

    private protected static TenantKey Tenant(string org, string service = "core") => PoolWorld.Tenant(org, service);
}
