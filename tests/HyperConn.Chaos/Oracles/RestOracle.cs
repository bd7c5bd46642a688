using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>With nobody at work there is no lease and no waiter, and permits are what is open at the server.</summary>
internal sealed class RestOracle : Oracle
{
    public override string Name => "rest";

    public override string Watches => "leases, waiters, and permits against sessions, with all workers paused";

    public void Judge(RestFact fact)
    {
        Observed();
        if (fact.Leases != 0)
            Find($"{fact.Leases} leases are open though nobody works");
        if (fact.Waiting != 0)
            Find($"{fact.Waiting} callers wait though nobody works");
        if (fact.Opening != 0)
            Find($"{fact.Opening} connections are being opened though nobody works");
        foreach (var permits in fact.Permits)
        {
            if (permits.Sessions > permits.Granted)
                Find($"{permits.Endpoint} has {permits.Sessions} sessions on {permits.Granted} permits");
            if (permits.Granted > permits.Limit)
                Find($"{permits.Endpoint} has {permits.Granted} permits out; its limit is {permits.Limit}");
        }
    }
}
