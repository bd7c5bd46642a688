using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>Every session is of its tenant's user, in its tenant's database and schema.</summary>
internal sealed class SessionOracle : Oracle
{
    public override string Name => "sessions";

    public override string Watches => "user, database and schema of the session of each piece of work, asked of the server";

    public void Judge(SessionFact fact)
    {
        Observed();
        if (fact.Found.Database != fact.Expected.Database || fact.Found.Schema != fact.Expected.Schema || fact.Found.User is null
            || !fact.Users.Contains(fact.Found.User))
        {
            Find($"{fact.Tenant} expected {fact.Expected}, users {string.Join(" or ", fact.Users)}, and got {fact.Found}");
        }
    }
}
