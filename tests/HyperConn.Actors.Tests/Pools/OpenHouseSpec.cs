using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>A tenant with two free permits on a server that lets anybody in.</summary>
public abstract class OpenHouseSpec : OpeningSpec, IDisposable
{
    private protected OpenHouseSpec(bool capturesStacks = false, IAcquisitionMeter? meter = null)
        : base(
            options =>
            {
                options.Connections.NoTypeLoading = true;
                options.Diagnostics.CaptureLeaseStacks = capturesStacks;
            },
            meter)
    {
        State = Server();
        First = MakePool();
        Handle = Publish(First);
    }

    private protected OpenHouse House { get; } = new();

    private protected ServerState State { get; }

    private protected PoolGeneration First { get; }

    private protected TenantDataSource Handle { get; }

    public void Dispose()
    {
        House.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected PoolGeneration MakePool()
    {
        var pool = Pool("acme", ScriptedSecrets.Uri(host: House.Host) + "?sslmode=disable", State);
        for (var permits = 0; permits < 2; permits++)
            pool.Desk.TakeAnyway(out _);
        for (var permits = 0; permits < 2; permits++)
            pool.EndUnused(0);
        return pool;
    }
}
