using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>After a storm everything works again within its bound.</summary>
internal sealed class RecoveryOracle : Oracle
{
    public override string Name => "recovery";

    public override string Watches => "time from a storm's end until every flavour at every site, and every tenant touched, works again";

    /// <summary>A fault did not come about as planned: what recovered from it proves nothing.</summary>
    public void NotAsPlanned(string fault, string why) => Find($"{fault} did not come about as planned: {why}");

    public void Judge(RecoveryFact fact)
    {
        Observed();
        if (fact.Missing.Count > 0)
        {
            Find($"after {string.Join(", ", fact.Faults)} these did not work again within {fact.Bound.TotalSeconds:0} s: {string.Join("; ", fact.Missing.Take(8))}");
        }
        else if (fact.Took > fact.Bound)
            Find($"after {string.Join(", ", fact.Faults)} it took {fact.Took.TotalSeconds:0.0} s until everything worked again, not {fact.Bound.TotalSeconds:0} s at most");
    }
}
