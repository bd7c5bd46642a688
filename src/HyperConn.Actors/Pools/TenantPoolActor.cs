using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Secrets;
using HyperConn.Servers;

namespace HyperConn.Pools;

/// <summary>
/// One tenant's pool: Resolving → Locating → Ready → Draining → stopped. Owns the generations of its data source.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "An actor disposes what it owns in PostStop.")]
internal sealed class TenantPoolActor : ReceiveActor, IWithTimers
{
    private const string ResolveTimer = "resolve";

    private readonly PoolRuntime _runtime;
    private readonly TenantDataSource _handle;
    private IActorRef _fetcher;
    private readonly List<PoolGeneration> _draining = [];
    private readonly RefusedCallers _refused = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly GenerationBuilder _builder;
    private PoolGeneration? _generation;
    private GenerationCredentials? _adopting;
    private bool _fetchWhenReady;

    public TenantPoolActor(PoolRuntime runtime, TenantDataSource handle, IActorRef fetcher)
    {
        _runtime = runtime;
        _handle = handle;
        _fetcher = fetcher;
        _builder = new GenerationBuilder(runtime, handle.Tenant, new PoolOwner(runtime, Self));
        Resolving();
    }

    private TenantKey Tenant => _handle.Tenant;

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(PoolRuntime runtime, TenantDataSource handle, IActorRef fetcher) =>
        Akka.Actor.Props.Create(() => new TenantPoolActor(runtime, handle, fetcher));

    protected override void PreStart()
    {
        PoolLog.Creating(_runtime.Logger, Tenant);
        Timers.StartSingleTimer(ResolveTimer, ResolveTimedOut.Instance, _runtime.Options.Pools.AcquireTimeout);
        Fetch();
    }

    protected override void PostStop()
    {
        // However this actor ends, nobody may find its generations, and they close by themselves when their leases have ended.
        _stopping.Cancel();
        _stopping.Dispose();
        _refused.Answer(changed: true);
        if (_generation is { } current)
        {
            _handle.Publish(current, null);
            current.BeginDrain();
        }

        // Stopped at the end of a shutdown's patience: what is still open is given up.
        if (_runtime.ShuttingDown)
            CloseAll();
    }

    private void Resolving()
    {
        Receive<CredentialsFound>(OnFirstCredentials);
        Receive<CredentialsMissing>(OnFirstCredentialsMissing);
        Receive<FetcherReplaced>(OnFetcherReplaced);
        Receive<ResolveTimedOut>(OnResolveTimedOut);
        Receive<DrainPool>(_ => Fail(CommonFailures.ShuttingDown(Tenant)));
        Receive<AdoptCredentials>(_ => { });
    }

    private void Locating()
    {
        Receive<ServersLocated>(OnFirstServers);
        Receive<ServersBanned>(barred => Fail(OperatorRestrictions.Failure(barred.Ban, Tenant)));
        Receive<ResolveTimedOut>(OnResolveTimedOut);
        Receive<DrainPool>(_ => Fail(CommonFailures.ShuttingDown(Tenant)));
        Receive<AdoptCredentials>(_ => _fetchWhenReady = true);
        Receive<FetcherReplaced>(replaced =>
        {
            _fetcher = replaced.Fetcher;
            _fetchWhenReady = true;
        });
    }

    private void Ready()
    {
        Receive<ReclaimIdle>(OnReclaimIdle);
        Receive<CredentialsRefused>(OnCredentialsRefused);
        Receive<AdoptCredentials>(_ => Fetch());
        Receive<FetcherReplaced>(OnFetcherReplaced);
        Receive<CredentialsFound>(OnCredentials);
        Receive<CredentialsMissing>(OnCredentialsMissing);
        Receive<ServersLocated>(OnNextServers);
        Receive<ServersBanned>(OnNextServersBanned);
        Receive<GenerationClosed>(OnGenerationClosed);
        Receive<ClosePool>(_ => BeginDraining());
        Receive<DrainPool>(_ => BeginDraining());
    }

    private void Draining()
    {
        Receive<GenerationClosed>(OnGenerationClosed);
        Receive<ReclaimIdle>(OnReclaimIdle);
        Receive<CredentialsRefused>(refused => refused.Promise.TrySetResult(true));
        Receive<TerminateLeases>(OnTerminateLeases);
        Receive<LeasesTerminated>(OnLeasesTerminated);
        Receive<DrainPool>(_ => { });
        Receive<ClosePool>(_ => { });
        Receive<AdoptCredentials>(_ => { });
        Receive<FetcherReplaced>(_ => { });
        Receive<CredentialsFound>(_ => { });
        Receive<CredentialsMissing>(_ => { });
        Receive<ServersLocated>(_ => { });
        Receive<ServersBanned>(_ => { });
    }

    private void OnFirstCredentials(CredentialsFound found)
    {
        if (Parse(found) is not { } credentials)
            return;
        _adopting = credentials;
        if (_builder.RestrictionOf(_adopting) is { } paused)
            _handle.LastFailure = paused;
        if (_builder.FindServers(credentials) is { } servers)
        {
            OnFirstServers(new ServersLocated(servers));
            return;
        }

        Become(Locating);
        Locate(credentials);
    }

    private void OnFirstCredentialsMissing(CredentialsMissing missing)
    {
        if (!IsFetcherGone(missing))
            Fail(missing.Reason);
    }

    private void OnFirstServers(ServersLocated located)
    {
        Timers.Cancel(ResolveTimer);
        if (TryBuild(located.Servers) is not { } generation)
            return;
        _generation = generation;

        // An earlier pool of the tenant, evicted while it changed generations, may have published one that it is about to take back.
        while (!_handle.Publish(_handle.Current, generation))
        {
        }
        NoteVersion(generation.Credentials);
        _adopting = null;
        Become(Ready);
        PoolLog.Ready(_runtime.Logger, Tenant, generation.ServerName, generation.Credentials.SecretVersion);
        Context.Parent.Tell(new PoolOpened(Tenant));
        if (_fetchWhenReady)
            Fetch();
    }

    private void Fetch() => _fetcher.Tell(new FetchCredentials(Tenant));

    private void OnFetcherReplaced(FetcherReplaced replaced)
    {
        _fetcher = replaced.Fetcher;
        if (_refused.IsFetching)
            _fetcher.Tell(new RefetchCredentials(Tenant, _generation!.Credentials.SecretVersion));
        else
            Fetch();
    }

    /// <summary>The last words of a fetcher that crashed say nothing about the credentials; its successor is announced.</summary>
    private bool IsFetcherGone(CredentialsMissing missing) =>
        missing.Reason.Code == HyperConnErrorCode.ShuttingDown && !_runtime.ShuttingDown;

    private void OnResolveTimedOut(ResolveTimedOut _) =>
        Fail(_builder.RestrictionOf(_adopting) ?? OpenFailures.TimedOut(Tenant, _runtime.Options.Pools.AcquireTimeout, "its secret was being looked up"));

    private void Fail(HyperConnFailure reason)
    {
        PoolLog.Failed(_runtime.Logger, Tenant, reason.Code, reason.Message);
        Context.Parent.Tell(new PoolFailed(Tenant, reason));
        Context.Stop(Self);
    }

    private static void OnReclaimIdle(ReclaimIdle reclaim) => reclaim.Generation.ReclaimIdle(reclaim.Share, reclaim.Keep);

    private void OnCredentialsRefused(CredentialsRefused refused)
    {
        // A late failure of older credentials says nothing about the ones in use now.
        if (!ReferenceEquals(refused.Generation, _generation) || refused.SecretVersion != _generation.Credentials.SecretVersion)
        {
            refused.Promise.TrySetResult(true);
            return;
        }

        if (_refused.Add(refused))
            _fetcher.Tell(new RefetchCredentials(Tenant, refused.SecretVersion));
        else if (refused.Expired)
            Fetch();
    }

    private void OnCredentials(CredentialsFound found)
    {
        // Of what was being adopted, this is newer.
        _adopting = null;
        _handle.LastFailure = found.Setback;
        var current = _generation!;
        if (found.VersionId == current.Credentials.SecretVersion)
        {
            var fresher = found.FetchedAt.At > current.Credentials.FetchedAt.At;
            current.Credentials = current.Credentials with { FetchedAt = found.FetchedAt, StaleAt = found.StaleAt };
            _refused.Answer(changed: false, fresher);
            return;
        }

        if (Parse(found) is not { } next)
            return;
        if (current.Credentials.Postgres.Equals(next.Postgres) || current.Credentials.Postgres.DiffersOnlyInPassword(next.Postgres))
        {
            var rotated = !current.Credentials.Postgres.Equals(next.Postgres);
            current.Credentials = next;

            // A refused login that asked for this version gained nothing if the text is the same.
            NoteVersion(next, isNews: rotated || _refused.Count == 0);
            if (rotated)
                Rotated(() => PoolLog.PasswordRotated(_runtime.Logger, Tenant, next.SecretVersion));
            _refused.Answer(rotated);
            return;
        }

        _adopting = next;
        if (_builder.FindServers(next) is { } servers)
            OnNextServers(new ServersLocated(servers));
        else
            Locate(next);
    }

    private void OnNextServers(ServersLocated located)
    {
        // An answer about credentials that newer ones have overtaken.
        if (_adopting is null || !GenerationBuilder.EndpointsOf(_adopting).SequenceEqual(located.Servers.Select(server => server.Endpoint)))
            return;
        if (TryBuild(located.Servers) is not { } next)
        {
            _refused.Answer(changed: false);
            return;
        }

        _adopting = null;
        var before = _generation!;
        if (!_handle.Publish(before, next))
        {
            // Its eviction began meanwhile: the pool ends here, and the next request finds the new credentials.
            next.BeginDrain();
            _refused.Answer(changed: true);
            return;
        }

        _generation = next;
        NoteVersion(next.Credentials);
        _draining.Add(before);
        before.BeginDrain();
        Rotated(() => PoolLog.GenerationStarted(_runtime.Logger, Tenant, next.Number, next.Credentials.SecretVersion));
        _refused.Answer(changed: true);

        // Whatever the supervisor had marked on the one before, or was about to: it looks at this one afresh.
        Context.Parent.Tell(new PoolOpened(Tenant));
    }

    private void OnNextServersBanned(ServersBanned _)
    {
        _adopting = null;
        _refused.Answer(changed: false);
    }

    private void OnCredentialsMissing(CredentialsMissing missing)
    {
        if (IsFetcherGone(missing))
            return;
        _handle.LastFailure = missing.Reason;
        PoolLog.CredentialsRejected(_runtime.Logger, Tenant, missing.Reason.Code, missing.Reason.Message);
        _refused.Answer(changed: false);
    }

    /// <summary>That a login was refused, also by an earlier pool of the tenant, says nothing about a newer version of the secret.</summary>
    private void NoteVersion(GenerationCredentials credentials, bool isNews = true)
    {
        if (isNews && _handle.SecretVersion is { } before && before != credentials.SecretVersion)
            _handle.Login.Reset();
        _handle.SecretVersion = credentials.SecretVersion;
    }

    private void Rotated(Action log)
    {
        _runtime.Counters.Rotated();
        log();
    }

    private void OnGenerationClosed(GenerationClosed closed)
    {
        _draining.Remove(closed.Generation);
        if (ReferenceEquals(closed.Generation, _generation))
            _generation = null;
        if (_generation is null && _draining.Count == 0)
            Context.Stop(Self);
    }

    private void BeginDraining()
    {
        Become(Draining);

        // The next pool of the tenant finds out.
        _refused.Answer(changed: true);
        var current = _generation!;
        _handle.Publish(current, null);
        current.BeginDrain();
    }

    private void OnTerminateLeases(TerminateLeases _)
    {
        var all = _generation is null ? [.. _draining] : _draining.Append(_generation).ToArray();
        Task.WhenAll(all.Select(generation => SessionTerminator.TerminateAsync(generation, _runtime.Leases, _stopping.Token)))
            .PipeTo(Self, success: counts => new LeasesTerminated(counts.Sum(), null), failure: cause => new LeasesTerminated(0, cause));
    }

    private void OnLeasesTerminated(LeasesTerminated terminated)
    {
        if (terminated.Cause is not null)
            PoolLog.TerminateFailed(_runtime.Logger, Tenant, terminated.Cause);
        CloseAll();
    }

    private void CloseAll()
    {
        foreach (var generation in _draining.ToArray())
            generation.Close();
        _generation?.Close();
    }

    private static void Locate(GenerationCredentials credentials) => Context.Parent.Tell(new LocateServers(GenerationBuilder.EndpointsOf(credentials)));

    /// <summary>Null: they can't be used, and that has been dealt with.</summary>
    private GenerationCredentials? Parse(CredentialsFound found)
    {
        var credentials = _builder.Parse(found, out var failure);
        if (failure is not null)
            Reject(failure);
        return credentials;
    }

    private PoolGeneration? TryBuild(ServerState[] servers)
    {
        var generation = _builder.TryBuild(_adopting!, servers, out var failure);
        if (failure is not null)
            Reject(failure);
        return generation;
    }

    private void Reject(HyperConnFailure reason)
    {
        if (_generation is null)
        {
            Fail(reason);
            return;
        }

        _adopting = null;
        _handle.LastFailure = reason;
        PoolLog.CredentialsRejected(_runtime.Logger, Tenant, reason.Code, reason.Message);
        _refused.Answer(changed: false);
    }

    private sealed record ResolveTimedOut
    {
        public static readonly ResolveTimedOut Instance = new();
    }

    private sealed record LeasesTerminated(int Sessions, Exception? Cause);
}
