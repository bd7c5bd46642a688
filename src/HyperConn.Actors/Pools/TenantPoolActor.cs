using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Secrets;

namespace HyperConn.Pools;

/// <summary>
/// One tenant's pool: Resolving → Locating → Ready → Draining → stopped. Owns the generations of its data source.
/// </summary>
/// <remarks>There are thousands of these, so what they do with which message is kept once: in a <see cref="ReceiveActor"/> it is 1.7 KB each.</remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "An actor disposes what it owns in PostStop.")]
internal sealed class TenantPoolActor : UntypedActor, IWithTimers
{
    private const string ResolveTimer = "resolve";

    private static readonly Behavior<TenantPoolActor> Resolving = new Behavior<TenantPoolActor>()
        .On<CredentialsFound>((pool, found) => pool.OnFirstCredentials(found))
        .On<CredentialsMissing>((pool, missing) => pool.OnFirstCredentialsMissing(missing))
        .On<FetcherReplaced>((pool, replaced) => pool.OnFetcherReplaced(replaced))
        .On<ResolveTimedOut>((pool, _) => pool.OnResolveTimedOut())
        .On<DrainPool>((pool, _) => pool.Fail(CommonFailures.ShuttingDown(pool.Tenant)))
        .Ignore<AdoptCredentials>();

    private static readonly Behavior<TenantPoolActor> Locating = new Behavior<TenantPoolActor>()
        .On<ServersLocated>((pool, located) => pool.OnFirstServers(located))
        .On<ServersBanned>((pool, barred) => pool.Fail(OperatorRestrictions.Failure(barred.Ban, pool.Tenant)))
        .On<ResolveTimedOut>((pool, _) => pool.OnResolveTimedOut())
        .On<DrainPool>((pool, _) => pool.Fail(CommonFailures.ShuttingDown(pool.Tenant)))
        .On<AdoptCredentials>((pool, _) => pool._fetchWhenReady = true)
        .On<FetcherReplaced>((pool, replaced) =>
        {
            pool._secrets.Replace(replaced.Fetcher);
            pool._fetchWhenReady = true;
        });

    private static readonly Behavior<TenantPoolActor> Ready = new Behavior<TenantPoolActor>()
        .On<ReclaimIdle>((pool, reclaim) => pool.OnReclaimIdle(reclaim))
        .On<CredentialsRefused>((pool, refused) => pool._secrets.OnRefused(refused, pool._generations.Current))
        .On<AdoptCredentials>((pool, _) => pool._secrets.Fetch())
        .On<FetcherReplaced>((pool, replaced) => pool.OnFetcherReplaced(replaced))
        .On<CredentialsFound>((pool, found) => pool.OnCredentials(found))
        .On<CredentialsMissing>((pool, missing) => pool.OnCredentialsMissing(missing))
        .On<ServersLocated>((pool, located) => pool.OnNextServers(located))
        .On<ServersBanned>((pool, _) => pool.EndAdoption())
        .On<GenerationClosed>((pool, closed) => pool.OnGenerationClosed(closed))
        .On<ClosePool>((pool, _) => pool.BeginDraining())
        .On<DrainPool>((pool, _) => pool.BeginDraining());

    // What else was on its way comes too late.
    private static readonly Behavior<TenantPoolActor> Draining = new Behavior<TenantPoolActor>()
        .On<GenerationClosed>((pool, closed) => pool.OnGenerationClosed(closed))
        .On<ReclaimIdle>((pool, reclaim) => pool.OnReclaimIdle(reclaim))
        .On<CredentialsRefused>((_, refused) => refused.Promise.TrySetResult(true))
        .On<TerminateLeases>((pool, _) => pool.OnTerminateLeases())
        .On<LeasesTerminated>((pool, terminated) => pool.OnLeasesTerminated(terminated))
        .Ignore<IPoolMessage>()
        .Ignore<CredentialsFound>()
        .Ignore<CredentialsMissing>();

    private readonly PoolRuntime _runtime;
    private readonly TenantDataSource _handle;
    private readonly TenantGenerations _generations;
    private readonly CredentialsRequests _secrets;
    private readonly GenerationBuilder _builder;
    private Behavior<TenantPoolActor> _state = Resolving;
    private CancellationTokenSource? _stopping;
    private GenerationCredentials? _adopting;
    private bool _fetchWhenReady;

    public TenantPoolActor(PoolRuntime runtime, TenantDataSource handle, IActorRef fetcher)
    {
        _runtime = runtime;
        _handle = handle;
        _secrets = new CredentialsRequests(runtime, handle.Tenant, fetcher);
        _generations = new TenantGenerations(handle);
        _builder = new GenerationBuilder(runtime, handle.Tenant, new PoolOwner(runtime, Self), Reject);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private TenantKey Tenant => _handle.Tenant;

    private CancellationToken Stopping => (_stopping ??= new CancellationTokenSource()).Token;

    public static Props Props(PoolRuntime runtime, TenantDataSource handle, IActorRef fetcher) =>
        Akka.Actor.Props.CreateBy(new TenantPoolProducer(runtime, handle, fetcher));

    protected override void OnReceive(object message)
    {
        if (!_state.TryHandle(this, message))
            Unhandled(message);
    }

    protected override void PreStart()
    {
        PoolLog.Creating(_runtime.Logger, Tenant);
        Timers.StartSingleTimer(ResolveTimer, new ResolveTimedOut(), _runtime.Options.Pools.AcquireTimeout);
        _secrets.Fetch();
    }

    protected override void PostStop()
    {
        // However this actor ends, nobody may find its generations, and they close by themselves when their leases have ended.
        _stopping?.Cancel();
        _stopping?.Dispose();
        _secrets.Answer(changed: true);
        _generations.BeginDrain();

        // Stopped at the end of a shutdown's patience: what is still open is given up.
        if (_runtime.ShuttingDown)
            _generations.CloseAll();
    }

    private void OnFirstCredentials(CredentialsFound found)
    {
        if (_builder.TryParse(found) is not { } credentials)
            return;
        _adopting = credentials;
        if (_builder.RestrictionOf(_adopting) is { } paused)
            _handle.LastFailure = paused;
        if (_builder.FindServers(credentials) is { } servers)
        {
            OnFirstServers(new ServersLocated(servers));
            return;
        }

        _state = Locating;
        Locate(credentials);
    }

    private void OnFirstCredentialsMissing(CredentialsMissing missing)
    {
        if (!_secrets.IsFetcherGone(missing))
            Fail(missing.Reason);
    }

    private void OnFirstServers(ServersLocated located)
    {
        Timers.Cancel(ResolveTimer);
        if (_builder.TryBuild(_adopting!, located.Servers) is not { } generation)
            return;
        _generations.Begin(generation);
        _generations.NoteVersion(generation.Credentials);
        _adopting = null;
        _state = Ready;
        PoolLog.Ready(_runtime.Logger, Tenant, generation.ServerName, generation.Credentials.SecretVersion);
        Context.Parent.Tell(new PoolOpened(Tenant));
        if (_fetchWhenReady)
            _secrets.Fetch();
    }

    private void OnFetcherReplaced(FetcherReplaced replaced) =>
        _secrets.ReplaceAndAsk(replaced.Fetcher, _generations.Current?.Credentials.SecretVersion);

    private void OnResolveTimedOut() =>
        Fail(_builder.RestrictionOf(_adopting) ?? OpenFailures.TimedOut(Tenant, _runtime.Options.Pools.AcquireTimeout, "its secret was being looked up"));

    private void Fail(HyperConnFailure reason)
    {
        PoolLog.Failed(_runtime.Logger, Tenant, reason.Code, reason.Message);
        Context.Parent.Tell(new PoolFailed(Tenant, reason));
        Context.Stop(Self);
    }

    private void OnReclaimIdle(ReclaimIdle reclaim)
    {
        // A floor is a right to permits, not a wish for connections.
        var connections = Math.Min(reclaim.Keep, _runtime.Options.Servers.KeepIdlePerTenant);
        if (reclaim.Generation.ReclaimIdle(reclaim.Share, reclaim.Keep) && connections > 0)
            _ = _runtime.Opening.Keeper.KeepAsync(reclaim.Generation, connections, Stopping);
    }

    private void OnCredentials(CredentialsFound found)
    {
        // Of what was being adopted, this is newer.
        _adopting = null;
        _handle.LastFailure = found.Setback;
        var current = _generations.Current!;
        if (found.VersionId == current.Credentials.SecretVersion)
        {
            var fresher = found.FetchedAt.At > current.Credentials.FetchedAt.At;
            current.Credentials = current.Credentials with { FetchedAt = found.FetchedAt, StaleAt = found.StaleAt };
            _secrets.Answer(changed: false, fresher);
            return;
        }

        if (_builder.TryParse(found) is not { } next)
            return;
        if (current.Credentials.Postgres.Equals(next.Postgres) || current.Credentials.Postgres.DiffersOnlyInPassword(next.Postgres))
        {
            var rotated = !current.Credentials.Postgres.Equals(next.Postgres);
            current.Credentials = next;

            // A refused login that asked for this version gained nothing if the text is the same.
            _generations.NoteVersion(next, isNews: rotated || !_secrets.IsAwaited);
            if (rotated)
            {
                _runtime.Counters.Rotated();
                PoolLog.PasswordRotated(_runtime.Logger, Tenant, next.SecretVersion);
            }

            _secrets.Answer(rotated);
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
        if (_builder.TryBuild(_adopting!, located.Servers) is not { } next)
            return;

        _adopting = null;
        if (!_generations.TryReplace(next))
        {
            // The next request finds the new credentials.
            _secrets.Answer(changed: true);
            return;
        }

        _generations.NoteVersion(next.Credentials);
        _runtime.Counters.Rotated();
        PoolLog.GenerationStarted(_runtime.Logger, Tenant, next.Number, next.Credentials.SecretVersion);
        _secrets.Answer(changed: true);

        // Whatever the supervisor had marked on the one before, or was about to: it looks at this one afresh.
        Context.Parent.Tell(new PoolOpened(Tenant));
    }

    private void OnCredentialsMissing(CredentialsMissing missing)
    {
        if (_secrets.IsFetcherGone(missing))
            return;
        _handle.LastFailure = missing.Reason;
        PoolLog.CredentialsRejected(_runtime.Logger, Tenant, missing.Reason.Code, missing.Reason.Message);
        _secrets.Answer(changed: false);
    }

    private void OnGenerationClosed(GenerationClosed closed)
    {
        _generations.Remove(closed.Generation);
        if (_generations.IsEmpty)
            Context.Stop(Self);
    }

    private void BeginDraining()
    {
        _state = Draining;

        // The next pool of the tenant finds out.
        _secrets.Answer(changed: true);
        _generations.BeginDrain();
    }

    private void OnTerminateLeases() => _generations.TerminateAsync(_runtime.Leases, Stopping)
        .PipeTo(Self, success: _ => new LeasesTerminated(null), failure: cause => new LeasesTerminated(cause));

    private void OnLeasesTerminated(LeasesTerminated terminated)
    {
        if (terminated.Cause is not null)
            PoolLog.TerminateFailed(_runtime.Logger, Tenant, terminated.Cause);
        _generations.CloseAll();
    }

    private static void Locate(GenerationCredentials credentials) => Context.Parent.Tell(new LocateServers(GenerationBuilder.EndpointsOf(credentials)));

    private void Reject(HyperConnFailure reason)
    {
        if (_generations.Current is null)
        {
            Fail(reason);
            return;
        }

        _handle.LastFailure = reason;
        PoolLog.CredentialsRejected(_runtime.Logger, Tenant, reason.Code, reason.Message);
        EndAdoption();
    }

    private void EndAdoption()
    {
        _adopting = null;
        _secrets.Answer(changed: false);
    }

    private sealed record ResolveTimedOut;

    private sealed record LeasesTerminated(Exception? Cause);
}
