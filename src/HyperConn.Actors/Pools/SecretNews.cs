using Akka.Actor;
using HyperConn.Secrets;

namespace HyperConn.Pools;

/// <summary>
/// The fetcher of secrets, what it has to tell the pools, and the memory of failures, which news of a secret ends. Used by the supervisor
/// only.
/// </summary>
internal sealed class SecretNews(PoolRuntime runtime, PoolRegistry registry, Func<PoolRuntime, Props> fetcherProps, IActorContext context)
{
    private readonly FailureMemory _failures = new(runtime.Monotonic, runtime.Options.Secrets.FailureTimeToLive);

    public IActorRef Fetcher { get; private set; } = ActorRefs.Nobody;

    public void StartFetcher()
    {
        Fetcher = context.ActorOf(fetcherProps(runtime));
        context.WatchWith(Fetcher, FetcherStopped.Instance);
    }

    public void OnFetcherStopped()
    {
        StartFetcher();
        foreach (var entry in registry.All)
            entry.Child.Tell(new FetcherReplaced(Fetcher));
    }

    /// <summary>A secret was read, or could not be: its pools ask for what is new in it, or at least its age, or why there is nothing new.</summary>
    public void Adopt(string org)
    {
        foreach (var entry in registry.OfOrg(org))
            entry.Child.Tell(AdoptCredentials.Instance);
    }

    /// <summary>The fetcher knows more secrets than it keeps: those without a pool go. A pool made after this asks after it, too.</summary>
    public void Forget(SecretsUnused unused) =>
        Fetcher.Tell(new ForgetSecrets([.. unused.Orgs.Where(org => registry.OfOrg(org).Count == 0)]));

    public void OnSecretChanged(SecretChanged changed)
    {
        runtime.SecretVersionRead?.Invoke(changed.Org, changed.VersionId);
        ForgetFailures(changed.Org);
        Adopt(changed.Org);
    }

    /// <summary>What a request for the tenant is answered now because of an earlier failure; null: it may try.</summary>
    public HyperConnFailure? FailureOf(TenantKey tenant) => _failures.Of(tenant);

    /// <inheritdoc cref="FailureMemory.Remember"/>
    public HyperConnFailure Remember(TenantKey tenant, HyperConnFailure failure) => _failures.Remember(tenant, failure);

    public void ForgetExpiredFailures() => _failures.ForgetExpired();

    /// <summary>There is reason to think that what was wrong with an organisation's secret is so no more.</summary>
    public void ForgetFailures(string org) => Forgotten(_failures.Forget(org));

    /// <summary>A pause or ban was lifted: what was refused because of one may be tried again. Those still in force refuse anew.</summary>
    public void ForgetRestrictions()
    {
        Forgotten(_failures.ForgetRestrictions());
        foreach (var handle in runtime.Handles.Values)
        {
            if (handle.LastFailure is { Code: HyperConnErrorCode.Banned or HyperConnErrorCode.Paused })
                handle.LastFailure = null;
        }
    }

    /// <summary>
    /// Fetches the secrets of a target again, after everything that was remembered of its failures is forgotten. Whoever is asked for it, an
    /// operator's command or <see cref="ITenantPools.RefreshAsync"/>, it is done here.
    /// </summary>
    /// <param name="target">A tenant, a server or all.</param>
    /// <param name="replyTo">Gets the fetcher's answer; nobody: none is wanted.</param>
    /// <returns>Secrets being fetched.</returns>
    public int Refresh(OperatorTarget target, IActorRef replyTo)
    {
        foreach (var handle in runtime.Handles.Values.Where(handle => handle.IsOf(target)))
        {
            handle.Login.Reset();
            handle.LastFailure = null;
        }

        foreach (var (_, server) in runtime.Servers)
        {
            if (target is OperatorTarget.All || (target is OperatorTarget.Server one && one.Endpoint == server.Endpoint))
                server.Health.ReportReachable();
        }

        foreach (var pool in runtime.Generations.Where(pool => pool.View.HasOwnHealth))
        {
            if (target is OperatorTarget.All || (target is OperatorTarget.Server one && pool.Endpoints.Contains(one.Endpoint)))
                pool.Health.ReportReachable();
        }

        if (target is OperatorTarget.All)
        {
            Forgotten(_failures.ForgetAll());
            Fetcher.Tell(RefreshAllSecrets.Instance, replyTo);
            return registry.Orgs;
        }

        var orgs = target is OperatorTarget.Tenant { Key.Org: var org }
            ? [org]
            : registry.All.Where(entry => entry.Handle.IsOf(target)).Select(entry => entry.Tenant.Org).ToHashSet(StringComparer.Ordinal);
        foreach (var each in orgs)
        {
            ForgetFailures(each);
            Fetcher.Tell(new RefreshSecret(each), replyTo);
        }

        return orgs.Count;
    }

    private void Forgotten(IEnumerable<TenantKey> tenants)
    {
        foreach (var tenant in tenants)
        {
            if (registry.Find(tenant) is null && runtime.Handles.Find(tenant) is { } handle)
                handle.LastFailure = null;
        }
    }
}

/// <summary>The supervisor's watch on the fetcher.</summary>
internal sealed record FetcherStopped
{
    public static readonly FetcherStopped Instance = new();
}
