namespace HyperConn.Pools;

/// <summary>
/// Pauses and bans in force. Written by the supervisor only; callers read what it published, to learn why their time passed.
/// </summary>
internal sealed class OperatorRestrictions(TimeProvider time)
{
    private volatile IReadOnlyList<OperatorRestriction> _all = [];

    /// <summary>What is in force now.</summary>
    public IReadOnlyList<OperatorRestriction> All
    {
        get
        {
            var all = _all;
            if (all.Count == 0)
                return all;
            var now = time.GetUtcNow();
            return all.All(r => IsInForce(r, now)) ? all : [.. all.Where(r => IsInForce(r, now))];
        }
    }

    public void Set(OperatorRestriction restriction) => _all = [.. All.Where(r => r.Target != restriction.Target), restriction];

    /// <summary>Ends what is in force on exactly this target.</summary>
    /// <returns>Whether there was anything.</returns>
    public bool Lift(OperatorTarget target)
    {
        var before = All;
        _all = [.. before.Where(r => r.Target != target)];
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
        foreach (var restriction in All)
        {
            if (concerns(restriction) && (worst is null || restriction.Kind > worst.Kind))
                worst = restriction;
        }

        return worst;
    }

    private static bool IsInForce(OperatorRestriction restriction, DateTimeOffset now) => restriction.Until is not { } until || until > now;
}
