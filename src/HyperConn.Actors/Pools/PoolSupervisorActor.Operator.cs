using Akka.Actor;
using HyperConn.Opening;
using HyperConn.Secrets;

namespace HyperConn.Pools;

/// <summary>The operator's verbs: pause, resume, drain, refresh, ban.</summary>
internal sealed partial class PoolSupervisorActor
{
    private readonly Dictionary<TenantKey, PoolEntry> _held = [];
    private readonly Dictionary<IActorRef, LocateServers> _heldLocates = [];

    private OperatorRestrictions Restrictions => _runtime.Restrictions;

    private void Operating()
    {
        Receive<PauseTenants>(OnPause);
        Receive<ResumeTenants>(OnResume);
        Receive<DrainTenants>(OnDrainTenants);
        Receive<RefreshTenants>(OnRefreshTenants);
        Receive<BanTenants>(OnBan);
        Receive<HeldTooLong>(OnHeldTooLong);
    }

    private void OnPause(PauseTenants pause)
    {
        if (IsFaulty(pause))
            return;
        Restrict(pause, RestrictionKind.Paused, null);
        Reply(pause, "Paused; open leases go on.", Close(pause.Target));
    }

    private void OnBan(BanTenants ban)
    {
        if (IsFaulty(ban))
            return;
        var until = _runtime.Time.GetUtcNow() + ban.For;
        Restrict(ban, RestrictionKind.Banned, until);
        RefuseHeld();
        Reply(ban, $"Banned until {until:u}; open leases go on.", Close(ban.Target));
    }

    private void OnResume(ResumeTenants resume)
    {
        if (IsFaulty(resume))
            return;
        var lifted = Restrictions.Lift(resume.Target);
        var affected = Release();
        Reply(resume, lifted ? "Resumed." : "Nothing was in force on exactly this target.", affected);
    }

    private void OnDrainTenants(DrainTenants drain)
    {
        if (!IsFaulty(drain))
            Reply(drain, "Idle pools are evicted; busy ones close when their last lease ends.", Close(drain.Target));
    }

    private void OnRefreshTenants(RefreshTenants refresh)
    {
        if (IsFaulty(refresh))
            return;
        foreach (var handle in _runtime.Handles.Values.Where(h => Concerns(refresh.Target, h)))
        {
            handle.Login.Reset();
            handle.LastFailure = null;
        }

        foreach (var server in _runtime.Servers.Values)
        {
            if (refresh.Target is OperatorTarget.All || (refresh.Target is OperatorTarget.Server one && one.Endpoint == server.Endpoint))
                server.Health.ReportReachable();
        }

        int affected;
        if (refresh.Target is OperatorTarget.All)
        {
            affected = _tenantsByOrg.Count;
            _fetcher.Tell(RefreshAllSecrets.Instance);
        }
        else
        {
            var orgs = refresh.Target is OperatorTarget.Tenant { Key.Org: var org }
                ? [org]
                : _entries.Values.Where(e => Concerns(refresh.Target, e.Handle)).Select(e => e.Tenant.Org).ToHashSet(StringComparer.Ordinal);
            affected = orgs.Count;
            foreach (var each in orgs)
                _fetcher.Tell(new RefreshSecret(each));
        }

        Reply(refresh, "The refresh has begun; pools take a changed secret over as it arrives.", affected);
    }

    private bool IsFaulty(OperatorCommand command)
    {
        if (command.Fault() is not { } fault)
            return false;
        Sender.Tell(new OperatorReply(false, fault, 0));
        return true;
    }

    private void Restrict(OperatorCommand command, RestrictionKind kind, DateTimeOffset? until) => Restrictions.Set(
        new OperatorRestriction(command.Target, kind, command.By.Trim(), command.Reason.Trim(), _runtime.Time.GetUtcNow(), until));

    private void Reply(OperatorCommand command, string message, int affected)
    {
        PoolLog.Operated(_runtime.Logger, command.Verb, command.Target, command.By, command.Reason, affected);
        Sender.Tell(new OperatorReply(true, message, affected));
    }

    /// <summary>Closes the live pools of a target; those being made begin again, now under what was decided.</summary>
    private int Close(OperatorTarget target)
    {
        var affected = 0;
        foreach (var entry in _entries.Values.Where(e => Concerns(target, e.Handle)).ToArray())
        {
            // Callers of one pool that ask again may have had another evicted.
            if (!ReferenceEquals(_entries.GetValueOrDefault(entry.Tenant), entry))
                continue;
            affected++;
            if (entry.IsReady)
            {
                if (!_evictor.TryEvict(entry, EvictionReason.Requested))
                    Evict(entry, EvictionReason.Requested);
            }
            else if (!entry.Child.IsNobody())
            {
                Context.Unwatch(entry.Child);
                Context.Stop(entry.Child);
                Remove(entry);
                Again(entry);
            }
            else if (Restrictions.OfTenant(entry.Tenant) is not null)
            {
                // Waits for room, which it must not get now.
                _entries.Remove(entry.Tenant);
                Timers.Cancel(entry);
                _waiting--;
                Again(entry);
            }
        }

        StartWaiting();
        return affected;
    }

    private static bool Concerns(OperatorTarget target, TenantDataSource handle) => target switch
    {
        OperatorTarget.Tenant tenant => handle.Tenant == tenant.Key,
        OperatorTarget.Server server => handle.Current?.Endpoints.Contains(server.Endpoint) == true,
        _ => true,
    };

    /// <summary>Callers of an entry that is no more ask once more.</summary>
    private void Again(PoolEntry entry)
    {
        if (Admit(entry.Tenant, _entries.GetValueOrDefault(entry.Tenant), out var refusal) is { } admitted)
            entry.MoveTo(admitted);
        else
            entry.Refuse(refusal);
    }

    /// <summary>The entry in which callers of a paused tenant wait; null: it isn't paused.</summary>
    private PoolEntry? HoldIfPaused(TenantKey tenant)
    {
        if (Restrictions.OfTenant(tenant) is not { Kind: RestrictionKind.Paused })
            return null;
        if (!_held.TryGetValue(tenant, out var entry))
        {
            _held.Add(tenant, entry = new PoolEntry(HandleOf(tenant), ++_sequence));

            // Callers have deadlines of their own; this one is for actors that asked, and for the memory of those that gave up.
            Timers.StartSingleTimer((entry, "held"), new HeldTooLong(entry), Options.Pools.AcquireTimeout);
        }

        return entry;
    }

    private void OnHeldTooLong(HeldTooLong held)
    {
        if (!_held.TryGetValue(held.Entry.Tenant, out var entry) || !ReferenceEquals(entry, held.Entry))
            return;
        _held.Remove(entry.Tenant);
        entry.RefuseAskers(Restrictions.OfTenant(entry.Tenant) is { } restriction
            ? OperatorRestrictions.Failure(restriction, entry.Tenant)
            : OpenFailures.TimedOut(entry.Tenant, Options.Pools.AcquireTimeout, "the tenant was paused"));

        // Later callers still have time.
        if (!entry.HasCallers)
            return;
        _held.Add(entry.Tenant, entry);
        Timers.StartSingleTimer((entry, "held"), new HeldTooLong(entry), Options.Pools.AcquireTimeout);
    }

    private void RefuseHeld()
    {
        foreach (var entry in _held.Values.ToArray())
        {
            if (Restrictions.OfTenant(entry.Tenant) is not { Kind: RestrictionKind.Banned } ban)
                continue;
            Unhold(entry);
            entry.Refuse(OperatorRestrictions.Failure(ban, entry.Tenant));
        }

        ReleaseLocates();
    }

    /// <summary>Starts what waits and is no longer paused.</summary>
    private int Release()
    {
        var released = 0;
        foreach (var entry in _held.Values.Where(e => Restrictions.OfTenant(e.Tenant) is not { Kind: RestrictionKind.Paused }).ToArray())
        {
            Unhold(entry);
            Again(entry);
            released++;
        }

        return released + ReleaseLocates();
    }

    private int ReleaseLocates()
    {
        var held = _heldLocates.ToArray();
        _heldLocates.Clear();
        foreach (var (asker, locate) in held)
            AnswerLocate(asker, locate);
        return held.Length - _heldLocates.Count;
    }

    private void Unhold(PoolEntry entry)
    {
        _held.Remove(entry.Tenant);
        Timers.Cancel((entry, "held"));
    }

    /// <summary>A pool that is being made learns its servers only when they are open to it.</summary>
    private bool IsBarred(IActorRef asker, LocateServers locate)
    {
        OperatorRestriction? worst = null;
        foreach (var endpoint in locate.Endpoints)
        {
            if (Restrictions.OfServer(endpoint) is { } found && (worst is null || found.Kind > worst.Kind))
                worst = found;
        }

        if (worst is null)
            return false;
        if (worst.Kind == RestrictionKind.Banned)
            asker.Tell(new ServersBarred(worst));
        else
            _heldLocates[asker] = locate;
        return true;
    }

    private sealed record HeldTooLong(PoolEntry Entry) : INoSerializationVerificationNeeded;
}
