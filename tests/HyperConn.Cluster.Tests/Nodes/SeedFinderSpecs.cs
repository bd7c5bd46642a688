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
    private static readonly IPAddress Other = IPAddress.Parse("127.0.0.9");
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
        foreach (var order in new[] { addresses, [.. addresses.Reverse()] })
        {
            Assert.Equal(["9.255.0.1", "10.0.0.9", "10.0.0.10"], InOrder(order, AddressFamily.InterNetwork));
            Assert.Equal(["::1", "fd00::2"], InOrder(order, AddressFamily.InterNetworkV6));
        }
    }

    [SkippableFact]
    public async Task A_node_joins_when_enough_addresses_are_found_and_the_finder_ends_when_it_is_up()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The whole of 127.0.0.0/8 is this machine only on Linux.");
        var (looks, found) = (0, new[] { Self });
        var finder = Start(2, _ =>
        {
            Interlocked.Increment(ref looks);
            return Volatile.Read(ref found);
        });
        await Until.TrueAsync(() => Volatile.Read(ref looks) >= 3);
        Assert.False(Cluster.IsUp);

        // Somebody listens there who is in no cluster, and this node's address is the lower one.
        using var other = new TcpListener(Other, Cluster.SelfAddress.Port!.Value);
        other.Start();
        Volatile.Write(ref found, [Other, Self]);
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
    public async Task A_node_that_reaches_none_of_the_others_does_not_join()
    {
        var looks = 0;
        Start(2, _ =>
        {
            Interlocked.Increment(ref looks);
            return [Self, Nobody];
        });
        await Until.TrueAsync(() => Volatile.Read(ref looks) >= 6);
        Assert.False(Cluster.IsUp);
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

    private static IEnumerable<string> InOrder(IEnumerable<string> addresses, AddressFamily family) =>
        SeedFinder.InOrder(addresses.Select(IPAddress.Parse), family).Select(address => address.ToString());

    public void Dispose() => _system.Dispose();

    private IActorRef Start(int nodes, Func<string, IPAddress[]> lookUp) => _system.ActorOf(
        SeedFinder.CreateProps(["nodes"], nodes, (name, _) => Task.FromResult(lookUp(name)), NullLogger.Instance));
}
