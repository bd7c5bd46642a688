using Akka.Actor;
using HyperConn.Secrets;

namespace HyperConn.Pools;

/// <content>The fetcher of secrets, and what it has to tell.</content>
internal sealed partial class PoolSupervisorActor
{
    private void StartFetcher()
    {
        _fetcher = Context.ActorOf(_parts.Fetcher(_runtime));
        Context.WatchWith(_fetcher, FetcherStopped.Instance);
    }

    private void OnFetcherStopped()
    {
        StartFetcher();
        foreach (var entry in _entries.Values)
            entry.Child.Tell(new FetcherReplaced(_fetcher));
    }

    /// <summary>A secret was read, or could not be: its pools ask for what is new in it, or at least its age, or why there is nothing new.</summary>
    private void Adopt(string org)
    {
        if (!_tenantsByOrg.TryGetValue(org, out var tenants))
            return;
        foreach (var tenant in tenants)
            _entries[tenant].Child.Tell(AdoptCredentials.Instance);
    }

    private void OnRefreshPool(RefreshPool refresh)
    {
        if (_runtime.Handles.TryGetValue(refresh.Tenant, out var handle))
        {
            handle.Login.Reset();
            handle.LastFailure = null;
        }

        Forgive(refresh.Tenant.Org);
        _fetcher.Forward(new RefreshSecret(refresh.Tenant.Org));
    }

    private void OnRefreshAll(RefreshAllSecrets refresh)
    {
        _failures.ForgetAll();
        _fetcher.Forward(refresh);
    }

    private void OnSecretChanged(SecretChanged changed)
    {
        Forgive(changed.Org);
        Adopt(changed.Org);
    }

    /// <summary>There is reason to think that what was wrong with an organisation's secret is so no more.</summary>
    private void Forgive(string org)
    {
        foreach (var tenant in _failures.Forget(org))
        {
            if (!_entries.ContainsKey(tenant) && _runtime.Handles.TryGetValue(tenant, out var handle))
                handle.LastFailure = null;
        }
    }

    private sealed record FetcherStopped
    {
        public static readonly FetcherStopped Instance = new();
    }
}
