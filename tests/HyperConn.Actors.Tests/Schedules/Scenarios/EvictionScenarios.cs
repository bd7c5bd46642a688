using HyperConn.Leases;
using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>An eviction, and what it must keep.</summary>
internal abstract class Eviction : Scenario
{
    private bool? _evicted;

    public override int? Preemptions => null;

    protected Tenant Tenant { get; private set; } = null!;

    /// <summary>Whether an eviction has begun, as far as anybody has been told.</summary>
    protected bool HasBegun => _evicted == true;

    public override Play Begin()
    {
        Tenant = new Tenant(permits: 1);
        _evicted = null;
        return Play();
    }

    protected abstract Play Play();

    protected void Evict()
    {
        _evicted = Tenant.Desk.TryBeginEviction(notify: true);
        Stage.Require(_evicted == false || Tenant.Desk.Word is { Leases: 0, IsDraining: true }, "An eviction began under a lease.");
    }

    /// <summary>Who could not evict hears of the end of what kept it from it.</summary>
    protected string? Told() =>
        _evicted == false && Tenant.ToldIdle != 1 ? $"The supervisor was told {Tenant.ToldIdle} times."
        : _evicted == false && Tenant.Desk.Word.Has(LeaseWord.NotifyIdle) ? "The supervisor would be told again."
        : Tenant.Rest(permits: 1);

    protected void UseHot()
    {
        var late = HasBegun;
        Stage.Require(!Tenant.UseHot() || !late, "A lease began after the eviction.");
    }
}

/// <summary>An eviction beside a lease on the hot path.</summary>
internal sealed class EvictionOfUser : Eviction
{
    protected override Play Play() => new(Told, UseHot, Evict);
}

/// <summary>An eviction beside two leases on the hot path, one of them the last.</summary>
internal sealed class EvictionOfTwoUsers : Eviction
{
    public override int? Preemptions => 3;

    protected override Play Play() => new(Told, UseHot, UseHot, Evict);
}

/// <summary>An eviction beside a caller who is on its way and gives up.</summary>
internal sealed class EvictionOfExpected : Eviction
{
    protected override Play Play()
    {
        Tenant.Desk.Expect();
        return new Play(Told, () => Tenant.Follow(Tenant.Desk.Unexpect()), Evict);
    }
}

/// <summary>An eviction beside a caller who is on its way and takes a lease.</summary>
internal sealed class EvictionOfArriving : Eviction
{
    public override int? Preemptions => 3;

    protected override Play Play()
    {
        Tenant.Desk.Expect();
        return new Play(
            () => HasBegun || Tenant.ToldIdle > 0 ? Tenant.Rest(permits: 1) : Told(),
            () =>
            {
                var taken = Tenant.Desk.TryTakeFree();
                Stage.Require(taken is not null, "A pool that was kept for a caller was evicted.");
                Tenant.Hold();
                Tenant.Follow(Tenant.Desk.Unexpect());
                Tenant.End(taken!.Value);
            },
            Evict);
    }
}

/// <summary>Two callers are on their way at once, and give up: the pool is not kept for them any longer.</summary>
internal sealed class EvictionOfTwoExpected : Eviction
{
    protected override Play Play() => new(
        () => HasBegun || Tenant.ToldIdle > 0 || Tenant.Desk.TryBeginEviction(notify: false) ? null : "It is kept for callers that have gone.",
        ComeAndGo,
        ComeAndGo);

    private void ComeAndGo()
    {
        Tenant.Desk.Expect();
        Tenant.Follow(Tenant.Desk.Unexpect());
    }
}

/// <summary>An eviction beside one who waits, and leaves.</summary>
internal sealed class EvictionOfWaiter : Eviction
{
    public override int? Preemptions => 3;

    protected override Play Play()
    {
        var lease = Tenant.Desk.TryTakeFree()!.Value;
        Tenant.Hold();
        return new Play(
            () => HasBegun || Tenant.ToldIdle > 0 ? Tenant.Rest(permits: 1) : Told(),
            () => Tenant.End(lease),
            () => Tenant.GiveUp(Tenant.Desk.Join()),
            Evict);
    }
}

/// <summary>Two evictions at once: one begins.</summary>
internal sealed class TwoEvictions : Scenario
{
    public override int? Preemptions => null;

    public override Play Begin()
    {
        var tenant = new Tenant(permits: 1);
        var begun = 0;
        return new Play(
            () => begun == 1 ? null : $"{begun} began.",
            () => begun = (tenant.Desk.TryBeginEviction(notify: false) ? 1 : 0) + begun,
            () => begun = (tenant.Desk.TryBeginEviction(notify: false) ? 1 : 0) + begun);
    }
}
