using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>Something happens on the way to the first server or to the pooler.</summary>
internal sealed class NetworkFault : IFault
{
    private readonly Func<Relay, Random, Task> _begin;
    private readonly Func<Relay, Task> _end;
    private readonly IReadOnlyList<string> _allowed;
    private readonly string _what;

    private NetworkFault(
        string name, Part part, string what, IReadOnlyList<string> allowed, Func<Relay, Random, Task> begin, Func<Relay, Task> end)
    {
        (Name, Part, _what, _allowed, _begin, _end) = ($"{name}-{(part == Part.First ? "first" : "pooler")}", part, what, allowed, begin, end);
    }

    public string Name { get; }

    public Part Part { get; }

    public TimeSpan Aftermath => TimeSpan.FromSeconds(7);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    /// <summary>Nothing passes, and nobody is told.</summary>
    public static NetworkFault BlackHole(Part part) => new(
        "black-hole", part, "nothing passes", Errors.Silent, Done((relay, _) => relay.OpenBlackHole()), Done(relay => relay.Heal()));

    /// <summary>Everything takes its time. It is a nuisance, not an error.</summary>
    public static NetworkFault Delay(Part part) => new(
        "delay", part, "each piece takes 20 to 100 ms", [], Done((relay, random) => relay.Delay = TimeSpan.FromMilliseconds(random.Next(20, 100))),
        Done(relay => relay.Delay = TimeSpan.Zero));

    /// <summary>All connections are reset at once.</summary>
    public static NetworkFault Cut(Part part) => new(
        "cut", part, "all connections are reset", Errors.Ended, Done((relay, _) => relay.Cut()), Done(_ => { }));

    /// <summary>New connections are reset as soon as they come, those there are now go on.</summary>
    public static NetworkFault Drop(Part part) => new(
        "drop", part, "new connections are reset", [.. Errors.Ended, .. Errors.Unreachable], Done((relay, _) => relay.Dropping = true),
        Done(relay => relay.Dropping = false));

    /// <summary>The server believes that its clients have gone, and they are not told.</summary>
    public static NetworkFault HalfOpen(Part part) => new(
        "half-open", part, "all connections become half-open", Errors.Silent, Done((relay, _) => relay.HalfOpen()), Done(_ => { }));

    public Strike Plan(ChaosWorld world, Random random)
    {
        var relay = Part == Part.First ? world.Servers.Way : world.Servers.PoolerWay;
        var classes = _allowed.Count > 0 && Part == Part.Pooler ? [.. _allowed, Errors.PoolerSays] : _allowed;
        return new Strike(
            $"on the way to the {(Part == Part.First ? "first server" : "pooler")} {_what}",
            [Allowance.At(Part == Part.First ? Sites.Direct : Sites.Pooled, classes)],
            () => _begin(relay, random),
            () => _end(relay));
    }

    private static Func<Relay, Random, Task> Done(Action<Relay, Random> action) => (relay, random) =>
    {
        action(relay, random);
        return Task.CompletedTask;
    };

    private static Func<Relay, Task> Done(Action<Relay> action) => relay =>
    {
        action(relay);
        return Task.CompletedTask;
    };
}
