using Akka.Actor;
using HyperConn.ConnectionStrings;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Pools;

/// <summary>The manager for code that is not an actor. The hot path reads a published handle; everything else asks the supervisor.</summary>
internal sealed class TenantPools(PoolRuntime runtime, ISecretStore store) : ITenantPools
{
    private static readonly TimeSpan AdoptPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(30);

    // Refreshing thousands of secrets takes the store's pace; the caller's token ends the wait earlier.
    private static readonly TimeSpan RefreshAllTimeout = TimeSpan.FromMinutes(10);

    private readonly HandleTable _handles = runtime.Handles;
    private readonly SecretWriter _writer = new(store);

    private string SecretPrefix => runtime.Options.ProjectName + "-";

    public ValueTask<TenantDataSource> GetDataSourceAsync(TenantKey tenant, CancellationToken cancellationToken = default)
    {
        if (_handles.TryGetValue(tenant, out var handle) && handle.Current is { } pool && !cancellationToken.IsCancellationRequested)
        {
            pool.Touch();
            return new ValueTask<TenantDataSource>(handle);
        }

        return GetColdAsync(tenant, cancellationToken);
    }

    public ValueTask<NpgsqlConnection> OpenConnectionAsync(TenantKey tenant, CancellationToken cancellationToken = default) =>
        _handles.TryGetValue(tenant, out var handle)
            ? handle.OpenConnectionAsync(cancellationToken)
            : runtime.Opening.Stacks is { } stacks
                ? stacks.TrackAsync(tenant, OpenFirstAsync(tenant, cancellationToken))
                : OpenFirstAsync(tenant, cancellationToken);

    public TenantConnection CreateConnection(TenantKey tenant) => new(runtime.Opening, tenant);

    public async Task<PreloadResult> PreloadAsync(
        IReadOnlyCollection<TenantKey>? tenants = null,
        int parallelism = 16,
        IProgress<PreloadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parallelism, 1);
        tenants ??= await AllTenantsAsync(cancellationToken).ConfigureAwait(false);
        var gate = new Lock();
        var failures = new Dictionary<TenantKey, HyperConnFailure>();
        var done = 0;
        await Parallel.ForEachAsync(
            tenants,
            new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken },
            async (tenant, token) =>
            {
                HyperConnFailure? failure = null;
                try
                {
                    await GetDataSourceAsync(tenant, token).ConfigureAwait(false);
                }
                catch (HyperConnException exception)
                {
                    failure = exception.Failure;
                }

                PreloadProgress step;
                lock (gate)
                {
                    if (failure is not null)
                        failures[tenant] = failure;
                    step = new PreloadProgress { Done = ++done, Total = tenants.Count, Failed = failures.Count, Tenant = tenant };
                }

                progress?.Report(step);
            }).ConfigureAwait(false);
        return new PreloadResult { Loaded = done - failures.Count, Failures = failures };
    }

    public async Task<IReadOnlyList<string>> ListOrgIdsAsync(CancellationToken cancellationToken = default)
    {
        var orgs = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var name in store.ListNamesAsync(SecretPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (name.Length > SecretPrefix.Length)
                orgs.Add(name[SecretPrefix.Length..]);
        }

        return [.. orgs];
    }

    public async Task StoreSecretAsync(TenantKey tenant, string connectionString, CancellationToken cancellationToken = default)
    {
        RefuseEmpty(tenant);
        ArgumentNullException.ThrowIfNull(connectionString);
        if (!PostgresCredentials.TryParse(connectionString, out _, out var fault))
            throw new HyperConnException(PoolFailures.Malformed(tenant, fault));
        await _writer.StoreAsync(SecretPrefix + tenant.Org, tenant, connectionString, cancellationToken).ConfigureAwait(false);
        if (!runtime.Supervisor.IsNobody() && !runtime.ShuttingDown)
            await RefreshAsync(tenant, cancellationToken).ConfigureAwait(false);
    }

    public async Task<EvictResult> EvictAsync(TenantKey tenant, CancellationToken cancellationToken = default)
    {
        RefuseEmpty(tenant);
        return (await AskAsync<PoolEvicted>(new EvictPool(tenant), AskTimeout, cancellationToken).ConfigureAwait(false)).Result;
    }

    public async Task RefreshAsync(TenantKey tenant, CancellationToken cancellationToken = default)
    {
        RefuseEmpty(tenant);
        var refreshed = await AskAsync<SecretRefreshed>(new RefreshPool(tenant), AskTimeout, cancellationToken).ConfigureAwait(false);
        if (refreshed.Failure is { } failure)
            throw new HyperConnException(failure with { Tenant = tenant });

        // The pool takes the new version over in its own time, which is some messages away.
        var until = runtime.Monotonic.Now + TimeSpan.FromSeconds(5);
        while (runtime.Handles.Find(tenant) is { Current: { } pool } handle
            && pool.Credentials.SecretVersion != refreshed.VersionId
            && handle.LastFailure is null
            && runtime.Monotonic.Now < until)
        {
            await Task.Delay(AdoptPause, runtime.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<RefreshAllResult> RefreshAllAsync(CancellationToken cancellationToken = default)
    {
        var all = await AskAsync<SecretsRefreshed>(RefreshAllSecrets.Instance, RefreshAllTimeout, cancellationToken).ConfigureAwait(false);
        return new RefreshAllResult { Secrets = all.Secrets, Changed = all.Changed, Failed = all.Failed, StoreCalls = all.StoreCalls };
    }

    public async Task<HyperConnStatistics> GetStatisticsAsync(CancellationToken cancellationToken = default)
    {
        var pools = await AskAsync<PoolsSnapshot>(GetPoolsSnapshot.Instance, AskTimeout, cancellationToken).ConfigureAwait(false);
        var secrets = await AskAsync<SecretFetcherStatistics>(GetSecretFetcherStatistics.Instance, AskTimeout, cancellationToken).ConfigureAwait(false);
        var servers = await Task.WhenAll(runtime.Servers.Values
            .OrderBy(s => s.Endpoint)
            .Select(s => s.Budget.Ask<ServerStatistics>(GetServerStatistics.Instance, AskTimeout, cancellationToken))).ConfigureAwait(false);
        var counters = runtime.Counters;
        var skipped = counters.EvictionsSkipped;
        return new HyperConnStatistics
        {
            TakenAt = runtime.Time.GetUtcNow(),
            Pools = runtime.Generations.Count,
            PoolsResolving = pools.Resolving,
            Leases = runtime.Generations.LeasesOpen,
            HotAcquisitions = runtime.Leases.Totals.Hot(runtime.Generations.Sum(g => g.Ages.Begun)),
            ColdAcquisitions = runtime.Opening.Counters.Cold,
            Probes = runtime.Opening.Counters.Probes,
            ProbedAcquisitions = runtime.Opening.Counters.Probed,
            FailedAcquisitions = runtime.Opening.Counters.Failed,
            PoolsCreated = counters.PoolsCreated,
            PoolsFailed = counters.PoolsFailed,
            Evictions = counters.Evictions,
            EvictionsSkipped = skipped.Values.Sum(),
            EvictionsSkippedByReason = skipped,
            CapUnmet = counters.CapUnmet,
            Rotations = counters.Rotations,
            Secrets = runtime.Store.AddTo(secrets),
            TypeCatalogues = runtime.Leases.Types?.Statistics ?? new TypeCatalogueStatistics(),
            Servers = servers,
            Tenants = pools.Tenants,
            Restrictions = runtime.Restrictions.All,
            Circuits = [.. runtime.Servers.Values
                .Select(s => s.Health.Circuit.Statistics(new CircuitScope.Server(s.Endpoint)))
                .Append(secrets.Circuit)
                .OfType<CircuitStatistics>()],
        };
    }

    public async Task<int> DrainAllAsync(TimeSpan? deadline = null, CancellationToken cancellationToken = default)
    {
        var limit = deadline ?? runtime.Options.Pools.DrainTimeout;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, TimeSpan.Zero, nameof(deadline));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, PoolOptions.MaxDrainTimeout, nameof(deadline));
        if (runtime.Supervisor.IsNobody())
            return 0;
        runtime.ShuttingDown = true;
        var draining = AskAsync<Drained>(new DrainAll(limit), limit + AskTimeout, CancellationToken.None);

        // After the question, or a token that is cancelled already would hurry a drain that has not begun.
        await using var hurry = cancellationToken.Register(() => runtime.Supervisor.Tell(DrainNow.Instance)).ConfigureAwait(false);
        return (await draining.ConfigureAwait(false)).LeasesCut;
    }

    private ValueTask<NpgsqlConnection> OpenFirstAsync(TenantKey tenant, CancellationToken cancellationToken) =>
        runtime.Opening.Opener.OpenAsync(tenant, _handles.Find(tenant), isBlocking: false, cancellationToken);

    private static void RefuseEmpty(TenantKey tenant)
    {
        if (tenant.IsDefault)
            throw new HyperConnException(CommonFailures.NoTenant());
    }

    private async ValueTask<TenantDataSource> GetColdAsync(TenantKey tenant, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var limit = runtime.Options.Pools.AcquireTimeout;
        using var resolving = AcquireSpans.StartResolve(tenant, runtime.Options.Diagnostics.TenantLabels);
        var promise = runtime.RequestPool(tenant, forLease: false);
        try
        {
            var answer = await promise.Task.WaitAsync(limit, runtime.Time, cancellationToken).ConfigureAwait(false);
            return answer.Handle is { } handle ? (TenantDataSource)handle : throw new HyperConnException(answer.Failure!);
        }
        catch (OperationCanceledException)
        {
            promise.Leave(cancellationToken);
            throw;
        }
        catch (TimeoutException)
        {
            promise.Leave(CancellationToken.None);
            throw new HyperConnException(runtime.WhyPaused(tenant) ?? OpenFailures.TimedOut(tenant, limit, "its pool was being made"));
        }
    }

    private async Task<IReadOnlyCollection<TenantKey>> AllTenantsAsync(CancellationToken cancellationToken)
    {
        if (runtime.AllowedServices.Count == 0)
        {
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured, "Preloading all tenants needs the list HyperConn:Services; or give the tenants to load."));
        }

        var tenants = new List<TenantKey>();
        foreach (var org in await ListOrgIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (var service in runtime.AllowedServices)
            {
                if (TenantKey.TryCreate(service, org, out var tenant))
                    tenants.Add(tenant);
            }
        }

        return tenants;
    }

    private async Task<T> AskAsync<T>(object message, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (runtime.Supervisor.IsNobody())
            throw new HyperConnException(runtime.ShuttingDown ? CommonFailures.ShuttingDown() : CommonFailures.NotStarted());
        try
        {
            return await runtime.Supervisor.Ask<T>(message, timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            throw new HyperConnException(PoolFailures.NoAnswer(timeout));
        }
    }
}
