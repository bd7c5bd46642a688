using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>Leak detection beside connection objects that are opened again and again, as EF Core does.</summary>
public class LeakDetectionSpecs
{
    [Fact]
    public void Short_uses_of_connection_objects_are_not_taken_for_one_long_one()
    {
        var time = new FakeTimeProvider();
        var runtime = new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }, time);
        Assert.True(PostgresCredentials.TryParse(ScriptedSecrets.Uri(), out var credentials, out _));
        var pool = new PoolGeneration(
            runtime.Leases,
            TenantKey.Create("core", "acme"),
            1,
            new GenerationCredentials(credentials, "v1", default, Moment.Never),
            [new ServerState(new ServerEndpoint("db1", 5432))],
            GenerationOwners.Nobody(runtime));
        var threshold = TimeSpan.FromMinutes(5);
        var half = pool.Desk.TakeAnyway(out _);
        for (var look = 0; look < 20; look++)
        {
            Assert.Null(pool.Ages.FindOld(threshold));

            // The next one opens before the last one closes: none lives longer than 75 seconds.
            var next = pool.Desk.TakeAnyway(out _);
            pool.EndUnused(half);
            half = next;
            time.Advance(threshold / 4);
        }
    }
}
