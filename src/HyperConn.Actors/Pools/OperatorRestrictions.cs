using HyperConn.Primitives;

namespace HyperConn.Pools;

/// <summary>
/// Pauses and bans in force. Written by the supervisor only; callers read what it published, to learn why their time passed. A ban lasts as
/// long as it was said to last, whatever happens to the clock on the wall; its <see cref="OperatorRestriction.Until"/> is for people.
/// </summary>
internal sealed class OperatorRestrictions(TimeProvider time)
{
    private volatile IReadOnlyList<Timed> _all = [];

    /// <summary>What is in force now.</summary>
    public IReadOnlyList<OperatorRestriction> All
    {
        get
        {
            var all = InForce;
            return all.Count == 0 ? [] : [.. all.Select(one => one.Restriction)];
        }
    }

    private IReadOnlyList<Timed> InForce
    {
        get
        {
            var all = _all;
            if (all.Count == 0)
                return all;
            var now = MonotonicClock.NowOf(time);
            return all.All(one => one.IsInForce(now)) ? all : [.. all.Where(one => one.IsInForce(now))];
        }
    }

    public void Set(OperatorRestriction restriction)
    {
        var ends = restriction.Until is { } until ? MonotonicClock.NowOf(time) + (until - restriction.Since) : (TimeSpan?)null;
        _all = [.. InForce.Where(one => one.Restriction.Target != restriction.Target), new Timed(restriction, ends)];
    }

    /// <summary>Ends what is in force on exactly this target.</summary>
    /// <returns>Whether there was anything.</returns>
    public bool Lift(OperatorTarget target)
    {
        var before = InForce;
        _all = [.. before.Where(one => one.Restriction.Target != target)];
        return _all.Count < before.Count;
    }

    /// <summary>What concerns a tenant itself, whatever server it is on: a ban before a pause.</summary>
    public OperatorRestriction? OfTenant(TenantKey tenant) => Worst(r => r.Target is OperatorTarget.All || (r.Target is OperatorTarget.Tenant t && t.Key == tenant));

    /// <summary>What concerns a server.</summary>
    public OperatorRestriction? OfServer(ServerEndpoint server) => Worst(r => r.Target is OperatorTarget.Server s && s.Endpoint == server);

    public static HyperConnFailure Failure(OperatorRestriction restriction, TenantKey tenant)
    {
        var what = restriction.Target.ToString()!;
        what = char.ToUpperInvariant(what[0]) + what[1..];
        var verb = restriction.Target is OperatorTarget.All ? "were" : "was";
        return restriction.Kind == RestrictionKind.Banned
            ? new HyperConnFailure(
                HyperConnErrorCode.Banned,
                $"{what} {verb} banned by {restriction.By} until {restriction.Until:u}: {restriction.Reason}",
                tenant,
                restriction.Until)
            : new HyperConnFailure(
                HyperConnErrorCode.Paused,
                $"{what} {verb} paused by {restriction.By} and not resumed in time: {restriction.Reason}",
                tenant);
    }

    private OperatorRestriction? Worst(Func<OperatorRestriction, bool> concerns)
    {
        OperatorRestriction? worst = null;
        foreach (var (restriction, _) in InForce)
        {
            if (concerns(restriction) && (worst is null || restriction.Kind > worst.Kind))
                worst = restriction;
        }

        return worst;
    }

    /// <param name="Restriction">What is in force.</param>
    /// <param name="EndsAt">When it ends (<see cref="MonotonicClock"/>); null: not by itself.</param>
    private sealed record Timed(OperatorRestriction Restriction, TimeSpan? EndsAt)
    {
        public bool IsInForce(TimeSpan now) => EndsAt is not { } ends || ends > now;
    }
}
