using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Work;

/// <summary>One piece of work: see whose session it is, write a row, commit.</summary>
/// <param name="Host">The host to do it with.</param>
/// <param name="Tenant">For whom.</param>
/// <param name="Write">Number of the write.</param>
/// <param name="Journal">Who is told.</param>
internal sealed record Job(ChaosHost Host, ChaosTenant Tenant, long Write, IJournal Journal)
{
    /// <summary>Asks a session whose it is: user, database, schema.</summary>
    public const string Question = "select current_user::text, current_database()::text, current_schema()::text";

    public const string Insert = "insert into events (tenant, payload) values (@tenant, @payload)";

    /// <summary>What is written, so that it is found again.</summary>
    public string Payload => FormattableString.Invariant($"{Write}");

    /// <summary>Tells whose session it was.</summary>
    public void Saw(string? user, string? database, string? schema) =>
        Journal.Session(new SessionFact(Tenant.Key, Tenant.Identity, Tenant.Users, new SessionIdentity(user, database, schema)));

    /// <summary>Tells that the write is acknowledged.</summary>
    public void Acknowledge() => Journal.Acknowledged(Write);
}
