using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Configuration;
using HyperConn.Cluster.Nodes;
using HyperConn.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests.Cluster.Nodes;

public sealed class SeedFinderSpecs : IDisposable
{
    private static readonly IPAddress Self = IPAddress.Loopback;
    private static readonly IPAddress Nobody = IPAddress.Parse("127.0.0.250");

    private readonly ActorSystem _system = ActorSystem.Create("seeds", ConfigurationFactory.ParseString(
        """
        akka {
          loglevel = OFF
          stdout-loglevel = OFF
          actor.provider = cluster
          remote.dot-netty.tcp { hostname = "127.0.0.1", port = 0 }
          cluster.seed-node-timeout = 500ms
        }
        """));

    private Akka.Cluster.Cluster Cluster => Akka.Cluster.Cluster.Get(_system);

    [Fact]
    public void All_nodes_put_the_addresses_into_the_same_order()
    {
        string[] addresses = ["10.0.0.10", "10.0.0.9", "::1", "10.0.0.9", "fd00::2", "9.255.0.1"];
        var inOrder = SeedFinder.InOrder(addresses.Select(IPAddress.Parse)).Select(address => address.ToString()).ToList();
        Assert.Equal(inOrder, SeedFinder.InOrder(addresses.Reverse().Select(IPAddress.Parse)).Select(address => address.ToString()));
        Assert.Equal(["9.255.0.1", "10.0.0.9", "10.0.0.10"], inOrder.Where(address => !address.Contains(':', StringComparison.Ordinal)));
        Assert.Equal(5, inOrder.Count);
    }

    [Fact]
    public async Task A_node_joins_when_enough_addresses_are_found_and_the_finder_ends_when_it_is_up()
    {
        var (looks, found) = (0, new[] { Self });
        var finder = Start(2, _ =>
        {
            Interlocked.Increment(ref looks);
            return Volatile.Read(ref found);
        });
        await Until.TrueAsync(() => Volatile.Read(ref looks) >= 3);
        Assert.False(Cluster.IsUp);

        // Nobody answers there, and this node's address is the lower one.
        Volatile.Write(ref found, [Nobody, Self]);
        await Until.TrueAsync(() => Cluster.IsUp);
        await finder.WatchAsync().WaitAsync(Until.Patience);
    }

    [Fact]
    public async Task A_name_that_leads_nowhere_yet_is_looked_up_again()
    {
        var looks = 0;
        Start(1, _ => Interlocked.Increment(ref looks) < 3 ? throw new SocketException((int)SocketError.HostNotFound) : [Self]);
        await Until.TrueAsync(() => Cluster.IsUp);
    }

    [Fact]
    public async Task A_node_whose_own_address_is_not_found_does_not_join()
    {
        var looks = 0;
        Start(1, _ =>
        {
            Interlocked.Increment(ref looks);
            return [Nobody];
        });
        await Until.TrueAsync(() => Volatile.Read(ref looks) >= 3);
        Assert.False(Cluster.IsUp);
    }

    public void Dispose() => _system.Dispose();

    private IActorRef Start(int nodes, Func<string, IPAddress[]> lookUp) => _system.ActorOf(
        SeedFinder.CreateProps(["nodes"], nodes, (name, _) => Task.FromResult(lookUp(name)), NullLogger.Instance));
}
