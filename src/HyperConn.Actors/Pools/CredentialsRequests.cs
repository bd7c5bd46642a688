using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Secrets;

namespace HyperConn.Pools;

/// <summary>
/// What a pool asks the fetcher of secrets, and the callers whose credentials PostgreSQL refused, who wait to hear whether there are others
/// now. Used by the pool's actor only.
/// </summary>
internal sealed class CredentialsRequests(PoolRuntime runtime, TenantKey tenant, IActorRef fetcher)
{
    private readonly List<CredentialsRefused> _refused = [];
    private IActorRef _fetcher = fetcher;
    private bool _isRefetching;

    /// <summary>Whether anybody waits for newer credentials.</summary>
    public bool IsAwaited => _refused.Count > 0;

    public void Fetch() => _fetcher.Tell(new FetchCredentials(tenant));

    /// <summary>Another fetcher has the place of one that crashed.</summary>
    public void Replace(IActorRef fetcher) => _fetcher = fetcher;

    /// <summary>Another fetcher has the place of one that crashed: what was asked of that is asked again.</summary>
    public void ReplaceAndAsk(IActorRef fetcher, string? versionInUse)
    {
        _fetcher = fetcher;
        if (_isRefetching && versionInUse is not null)
            _fetcher.Tell(new RefetchCredentials(tenant, versionInUse));
        else
            Fetch();
    }

    /// <summary>The last words of a fetcher that crashed say nothing about the credentials; its successor is announced.</summary>
    public bool IsFetcherGone(CredentialsMissing missing) =>
        missing.Reason.Code == HyperConnErrorCode.ShuttingDown && !runtime.ShuttingDown;

    /// <summary>Credentials were refused, or have expired: one look-up serves all who ask meanwhile.</summary>
    public void OnRefused(CredentialsRefused refused, PoolGeneration? current)
    {
        // A late failure of older credentials says nothing about the ones in use now.
        if (!ReferenceEquals(refused.Generation, current) || refused.SecretVersion != current.Credentials.SecretVersion)
        {
            refused.Promise.TrySetResult(true);
            return;
        }

        _refused.Add(refused);
        if (refused.Expired)
        {
            Fetch();
        }
        else if (!_isRefetching)
        {
            _isRefetching = true;
            _fetcher.Tell(new RefetchCredentials(tenant, refused.SecretVersion));
        }
    }

    /// <summary>Answers all who wait.</summary>
    /// <param name="changed">There are other credentials now.</param>
    /// <param name="fresher">They are the same, but read again: enough for those whose were past their hard limit.</param>
    public void Answer(bool changed, bool fresher = false)
    {
        _isRefetching = false;
        foreach (var caller in _refused)
            caller.Promise.TrySetResult(changed || (fresher && caller.Expired));
        _refused.Clear();
    }
}
