using Akka.Actor;
using HyperConn.Primitives;

namespace HyperConn.Secrets;

/// <summary>Conversation with the secret fetcher.</summary>
internal interface ISecretFetcherMessage;

/// <summary>
/// Asks for the credentials text of a tenant. Answered with <see cref="CredentialsFound"/> or <see cref="CredentialsMissing"/>,
/// from the cache where its age allows.
/// </summary>
internal sealed record FetchCredentials(TenantKey Tenant) : ISecretFetcherMessage;

/// <summary>
/// Says that credentials of this version were refused by PostgreSQL and asks for newer ones. Answered like
/// <see cref="FetchCredentials"/>; when nothing newer may be fetched yet, with what is cached (same version).
/// </summary>
internal sealed record RefetchCredentials(TenantKey Tenant, string StaleVersion) : ISecretFetcherMessage;

/// <summary>Drops what is remembered of an organisation's secret (also failures) and fetches it now. Answered with <see cref="SecretRefreshed"/>.</summary>
internal sealed record RefreshSecret(string Org) : ISecretFetcherMessage;

/// <summary>Refreshes every cached secret in batches. Answered with <see cref="SecretsRefreshed"/> when all are done.</summary>
internal sealed record RefreshAllSecrets : ISecretFetcherMessage
{
    public static readonly RefreshAllSecrets Instance = new();
}

/// <summary>
/// Says that a live pool used credentials that are past their time-to-live: refresh in the background, at most one call under
/// way. Not answered; a changed version is announced to the parent with <see cref="SecretChanged"/>.
/// </summary>
internal sealed record RevalidateSecret(string Org) : ISecretFetcherMessage;

/// <summary>
/// Says that another process has read these versions of secrets. Those of which another is cached are read again in the background, many in a batch.
/// Not answered.
/// </summary>
internal sealed record SecretVersionsHeard(IReadOnlyList<HeardVersion> Versions) : ISecretFetcherMessage;

/// <summary>Says which of <see cref="SecretsUnused"/> have no pool and may be forgotten. Not answered.</summary>
internal sealed record ForgetSecrets(IReadOnlyCollection<string> Orgs) : ISecretFetcherMessage;

/// <summary>A version of an organisation's secret, as the store calls it.</summary>
internal sealed record HeardVersion(string Org, string VersionId);

/// <summary>Asks for <see cref="SecretFetcherStatistics"/>.</summary>
internal sealed record GetSecretFetcherStatistics : ISecretFetcherMessage
{
    public static readonly GetSecretFetcherStatistics Instance = new();
}

/// <summary>
/// The service's entry in the organisation's secret: the text of a JSON string, or the raw JSON of an object.
/// </summary>
internal sealed record CredentialsFound(TenantKey Tenant, string Text, string VersionId, Moment FetchedAt, Moment StaleAt)
    : INoSerializationVerificationNeeded
{
    /// <summary>Why this is not the newest there should be; null: it is.</summary>
    public HyperConnFailure? Setback { get; init; }

    public override string ToString() => $"CredentialsFound({Tenant}, version {VersionId})";
}

/// <summary>The credentials can't be had.</summary>
internal sealed record CredentialsMissing(TenantKey Tenant, HyperConnFailure Reason);

/// <summary>Told to the fetcher's parent when a refresh brought another version of a secret than the one handed out before.</summary>
internal sealed record SecretChanged(string Org, string VersionId);

/// <summary>Told to the fetcher's parent when a refresh brought the same version once more: it is good for another while.</summary>
internal sealed record SecretConfirmed(string Org);

/// <summary>Told to the fetcher's parent when the store says that a secret that could not be had has changed: it is worth asking for.</summary>
internal sealed record SecretFailureForgotten(string Org);

/// <summary>Told to the fetcher's parent when a refresh failed while an older value goes on serving.</summary>
internal sealed record SecretRefreshFailed(string Org, HyperConnFailure Reason);

/// <summary>
/// Told to the fetcher's parent when more secrets are known than are kept: these were asked for longest ago. Answered with <see cref="ForgetSecrets"/>.
/// </summary>
internal sealed record SecretsUnused(IReadOnlyList<string> Orgs);

/// <summary>Answer to <see cref="RefreshSecret"/>: the version now cached, or why there is none.</summary>
internal sealed record SecretRefreshed(string Org, string? VersionId, HyperConnFailure? Failure);

/// <summary>Answer to <see cref="RefreshAllSecrets"/>.</summary>
internal sealed record SecretsRefreshed(int Secrets, int Changed, int Failed, int StoreCalls);
