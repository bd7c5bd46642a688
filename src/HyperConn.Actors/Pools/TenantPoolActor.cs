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
[SuppressMessage("Reliability", "CA1001", Justification = "An actor disposes what it owns in PostStop.")]
internal sealed class TenantPoolActor : ReceiveActor, IWithTimers
{
    private const string ResolveTimer = "resolve";

    private readonly PoolRuntime _runtime;
    private readonly TenantDataSource _handle;
    private readonly TenantGenerations _generations;
    private readonly CredentialsRequests _secrets;
    private readonly CancellationTokenSource _stopping = new();
    private readonly GenerationBuilder _builder;
    private GenerationCredentials? _adopting;
    private bool _fetchWhenReady;

    public TenantPoolActor(PoolRuntime runtime, TenantDataSource handle, IActorRef fetcher)
    {
        _runtime = runtime;
        _handle = handle;
        _secrets = new CredentialsRequests(runtime, handle.Tenant, fetcher);
        _generations = new TenantGenerations(handle);
        _builder = new GenerationBuilder(runtime, handle.Tenant, new PoolOwner(runtime, Self), Reject);
        Become(Resolving);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private TenantKey Tenant => _handle.Tenant;

    public static Props Props(PoolRuntime runtime, TenantDataSource handle, IActorRef fetcher) =>
        Akka.Actor.Props.Create(() => new TenantPoolActor(runtime, handle, fetcher));

    protected override void PreStart()
    {
        PoolLog.Creating(_runtime.Logger, Tenant);
        Timers.StartSingleTimer(ResolveTimer, new ResolveTimedOut(), _runtime.Options.Pools.AcquireTimeout);
        _secrets.Fetch();
    }

    protected override void PostStop()
    {
        // However this actor ends, nobody may find its generations, and they close by themselves when their leases have ended.
        _stopping.Cancel();
        _stopping.Dispose();
        _secrets.Answer(changed: true);
        _generations.BeginDrain();

        // Stopped at the end of a shutdown's patience: what is still open is given up.
        if (_runtime.ShuttingDown)
            _generations.CloseAll();
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
            _secrets.Replace(replaced.Fetcher);
            _fetchWhenReady = true;
        });
    }

    private void Ready()
    {
        Receive<ReclaimIdle>(OnReclaimIdle);
        Receive<CredentialsRefused>(refused => _secrets.OnRefused(refused, _generations.Current));
        Receive<AdoptCredentials>(_ => _secrets.Fetch());
        Receive<FetcherReplaced>(OnFetcherReplaced);
        Receive<CredentialsFound>(OnCredentials);
        Receive<CredentialsMissing>(OnCredentialsMissing);
        Receive<ServersLocated>(OnNextServers);
        Receive<ServersBanned>(_ => EndAdoption());
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

        // What else was on its way comes too late.
        Receive<IPoolMessage>(_ => { });
        Receive<CredentialsFound>(_ => { });
        Receive<CredentialsMissing>(_ => { });
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

        Become(Locating);
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
        Become(Ready);
        PoolLog.Ready(_runtime.Logger, Tenant, generation.ServerName, generation.Credentials.SecretVersion);
        Context.Parent.Tell(new PoolOpened(Tenant));
        if (_fetchWhenReady)
            _secrets.Fetch();
    }

    private void OnFetcherReplaced(FetcherReplaced replaced) =>
        _secrets.ReplaceAndAsk(replaced.Fetcher, _generations.Current?.Credentials.SecretVersion);

    private void OnResolveTimedOut(ResolveTimedOut _) =>
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
            _ = _runtime.Opening.Keeper.KeepAsync(reclaim.Generation, connections, _stopping.Token);
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
        Become(Draining);

        // The next pool of the tenant finds out.
        _secrets.Answer(changed: true);
        _generations.BeginDrain();
    }

    private void OnTerminateLeases(TerminateLeases _) => _generations.TerminateAsync(_runtime.Leases, _stopping.Token)
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
