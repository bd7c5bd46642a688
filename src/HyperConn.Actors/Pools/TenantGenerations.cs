using HyperConn.Leases;

namespace HyperConn.Pools;

/// <summary>The generations of one tenant's pool: the current one, and earlier ones that still have leases. Used by the pool's actor only.</summary>
internal sealed class TenantGenerations(TenantDataSource handle)
{
    private readonly List<PoolGeneration> _draining = [];

    /// <summary>The one that takes leases; null: none does, or did.</summary>
    public PoolGeneration? Current { get; private set; }

    public bool IsEmpty => Current is null && _draining.Count == 0;

    /// <summary>The first one. An earlier pool of the tenant, evicted while it changed generations, may have published one that it is about to
    /// take back.</summary>
    public void Begin(PoolGeneration generation)
    {
        Current = generation;
        while (!handle.Publish(handle.Current, generation))
        {
        }
    }

    /// <summary>The next one takes the leases, the one before drains.</summary>
    /// <returns>False: the eviction of the one before has begun meanwhile, and the pool ends with it.</returns>
    public bool TryReplace(PoolGeneration next)
    {
        var before = Current!;
        if (!handle.Publish(before, next))
        {
            next.BeginDrain();
            return false;
        }

        Current = next;
        _draining.Add(before);
        before.BeginDrain();
        return true;
    }

    /// <summary>Nobody finds the current one any more; it closes when its leases have ended.</summary>
    public void BeginDrain()
    {
        if (Current is not { } current)
            return;
        handle.Publish(current, null);
        current.BeginDrain();
    }

    /// <summary>That a login was refused, also by an earlier pool of the tenant, says nothing about a newer version of the secret.</summary>
    public void NoteVersion(GenerationCredentials credentials, bool isNews = true)
    {
        if (isNews && handle.SecretVersion is { } before && before != credentials.SecretVersion)
            handle.Login.Reset();
        handle.SecretVersion = credentials.SecretVersion;
    }

    public void Remove(PoolGeneration closed)
    {
        _draining.Remove(closed);
        if (ReferenceEquals(closed, Current))
            Current = null;
    }

    /// <summary>Closes all, with leases or without.</summary>
    public void CloseAll()
    {
        foreach (var generation in All)
            generation.Close();
    }

    /// <summary>Ends the sessions of all.</summary>
    /// <returns>How many sessions were told to end.</returns>
    public async Task<int> TerminateAsync(LeaseRuntime runtime, CancellationToken cancellationToken) =>
        (await Task.WhenAll(All.Select(generation => SessionTerminator.TerminateAsync(generation, runtime, cancellationToken))).ConfigureAwait(false)).Sum();

    private PoolGeneration[] All => Current is null ? [.. _draining] : [.. _draining, Current];
}
