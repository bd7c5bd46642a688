using Akka.Actor;
using Akka.Remote;
using Akka.Remote.Transport;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>Cuts a node off from others: nothing goes in or out any more, and nobody is told. What a network does on a bad day.</summary>
internal static class NodeCuts
{
    public const string Cut = "cut";
    public const string Heal = "heal";

    /// <summary>What Akka.Remote needs for it.</summary>
    public const string Hocon = """akka.remote.dot-netty.tcp.applied-adapters = ["trttl"]""";

    /// <summary>Carries out a line such as <c>cut akka.tcp://demo@127.0.0.1:4053</c>.</summary>
    public static async Task ExecuteAsync(ActorSystem system, string line)
    {
        var words = line.Split(' ');
        ThrottleMode mode = words[0] == Cut ? Blackhole.Instance : Unthrottled.Instance;
        foreach (var address in words.Skip(1).Select(Address.Parse))
        {
            await ((IRemoteActorRefProvider)((ExtendedActorSystem)system).Provider).Transport.ManagementCommand(
                new SetThrottle(address, ThrottleTransportAdapter.Direction.Both, mode));
        }
    }
}
