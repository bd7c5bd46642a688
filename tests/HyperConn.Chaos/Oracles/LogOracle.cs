using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>The library never logs a fault of its own: a crashed actor, a store that threw, a budget that lost count.</summary>
internal sealed class LogOracle : Oracle
{
    private static readonly string[] OwnFaults = ["PoolCrashed", "SecretStoreThrew", "ReturnedTooMany"];

    public override string Name => "log";

    public override string Watches => "what the library and its actors log, which may never be a fault of their own";

    public void Judge(LogLine line)
    {
        Observed();
        if (OwnFaults.Contains(line.Event) || (line is { Event: "Akka", IsError: true }))
            Find($"{line.Event}: {line.Text}");
    }
}
