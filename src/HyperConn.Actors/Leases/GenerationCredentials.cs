using HyperConn.ConnectionStrings;
using HyperConn.Primitives;

namespace HyperConn.Leases;

/// <summary>A tenant's parsed credentials with the version of the secret they came from.</summary>
internal sealed record GenerationCredentials(
    PostgresCredentials Postgres,
    string SecretVersion,
    Moment FetchedAt,
    Moment StaleAt)
{
    public override string ToString() => $"GenerationCredentials(version {SecretVersion})";
}
