using System.Diagnostics;
using Akka.Actor;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Asking the supervisor for a live pool.</summary>
internal sealed class HotAsk : Measure
{
    private const int Askers = 32;
    private const int Asks = 250;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public override string Name => "hot-ask";

    public override int DefaultRounds => 200;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        var keys = OfflineTenants.Keys(200);
        await using var manager = await Manager.StartAsync(OfflineTenants.Store(keys));
        foreach (var key in keys)
            await manager.Pools.GetDataSourceAsync(key);
        var echo = manager.System.ActorOf(Props.Create(() => new Echo()));
        var messages = keys.Select(key => new GetPool(key)).ToArray();

        var comparison = await Comparison.RunAsync(
            rounds,
            () => AskAsync<GetPool>(echo, messages),
            () => AskAsync<PoolReply>(manager.Supervisor, messages),
            warmUp: 60);
        yield return RatioRow("hot Ask GetPool, 32 askers", "Ask of a bare echo actor", comparison, value => Units.Text(1e6 / value, "0.#", "k/s"), 1 / 0.85) with
        {
            Ratio = 1 / comparison.Ratio,
            Spread = FormattableString.Invariant($"{1 / comparison.High:0.000}–{1 / comparison.Low:0.000}, {rounds} pairs"),
            Bound = "≥ 0.85× throughput",
        };
    }

    /// <summary>Nanoseconds an Ask.</summary>
    private static async Task<double> AskAsync<T>(IActorRef actor, GetPool[] messages)
    {
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Askers).Select(asker => Task.Run(async () =>
        {
            for (var i = 0; i < Asks; i++)
                await actor.Ask<T>(messages[(asker + i) % messages.Length], Patience);
        })));
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds / (Askers * Asks);
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo()
        {
            Receive<GetPool>(message => Sender.Tell(message));
        }
    }
}
