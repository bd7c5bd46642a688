using System.Globalization;
using HyperConn.Events;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Growth;

/// <summary>Tenants that can't be reached are remembered, the latest of them.</summary>
public class RememberedTenantsSpecs
{
    private const int Many = 50_000;

    private static readonly EventFault Away = new(nameof(HyperConnErrorCode.ServerUnreachable), "away", IsTransient: true, IsAway: true);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly TenantTurns _turns;

    public RememberedTenantsSpecs() => _turns = new TenantTurns(
        new TenantEventOptions { Workers = 16, RetryFor = TimeSpan.FromMinutes(5) }, isOrdered: true, _time, new Random(7));

    [Fact]
    public void Fifty_thousand_that_were_away_once_leave_the_latest()
    {
        for (var i = 0; i < Many; i++)
        {
            BeAway(i);
            Assert.InRange(_turns.Tenants, 1, TenantTurns.MostRemembered);
        }

        // Their time is over, and that of those forgotten begins anew.
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(Retries(Many - 1));
        Assert.False(Retries(Many - TenantTurns.MostRemembered + 100));
        Assert.True(Retries(0));
        Assert.True(_turns.IsIdle);
    }

    [Fact]
    public void One_whose_events_wait_or_are_under_way_is_not_among_those_that_go()
    {
        BeAway(Many);
        _turns.Add(Work(Many));
        Assert.True(_turns.TryTake(out var underWay));
        BeAway(Many + 1);
        _turns.Add(Work(Many + 1));
        Assert.True(_turns.TryTake(out var retried));
        Assert.True(_turns.TryRetry(retried, Away));
        Assert.NotNull(_turns.NextDue);
        for (var i = 0; i < Many; i++)
            BeAway(i);
        Assert.InRange(_turns.Tenants, 2, TenantTurns.MostRemembered + 2);

        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(_turns.TryRetry(underWay, Away));
        _turns.End(underWay, Away);
        Assert.True(_turns.TryTake(out var again));
        Assert.Same(retried, again);
        Assert.False(_turns.TryRetry(again, Away));
        _turns.End(again, null);
        Assert.True(_turns.IsIdle);
    }

    [Fact]
    public void One_that_is_reached_is_not_remembered()
    {
        for (var i = 0; i < 1_000; i++)
            BeAway(i);
        for (var i = 0; i < 1_000; i++)
            Try(i, null);
        Assert.Equal(0, _turns.Tenants);
    }

    [Fact]
    public void What_waits_can_be_taken_back_while_as_many_are_remembered_as_can_be()
    {
        for (var i = 0; i < TenantTurns.MostRemembered; i++)
            BeAway(i);
        _turns.Add(Work(Many));
        _turns.Add(Work(Many + 1));
        Assert.True(_turns.TryTake(out var first));
        Assert.True(_turns.TryTake(out var second));
        _turns.Add(Work(0));
        _turns.Add(Work(1));
        _turns.Add(Work(Many + 2));
        _turns.End(first, Away);
        _turns.End(second, Away);
        Assert.Equal(TenantTurns.MostRemembered + 3, _turns.Tenants);
        Assert.Equal(3, _turns.TakeWaiting().Count);
        Assert.InRange(_turns.Tenants, 1, TenantTurns.MostRemembered);
        Assert.True(_turns.IsIdle);

        // Nothing of one that was forgotten is left.
        for (var i = 0; i < Many; i++)
            Try(i, null);
        Try(Many, null);
        Try(Many + 1, null);
        Assert.Equal(0, _turns.Tenants);
    }

    [Fact]
    public void Tenants_whose_inbox_is_to_be_cleaned_are_bounded_and_come_back_with_their_next_event()
    {
        var tenants = new InboxTenants();
        for (var i = 0; i < 2 * InboxTenants.Most; i++)
            tenants.Add(Key(i));
        Assert.Equal(InboxTenants.Most, tenants.Count);
        Assert.Equal(Enumerable.Range(0, InboxTenants.Most).Select(Key).ToHashSet(), tenants.TakeAll().ToHashSet());
        Assert.Equal(0, tenants.Count);

        tenants.Add(Key(2 * InboxTenants.Most));
        tenants.Add(Key(2 * InboxTenants.Most));
        Assert.Equal(1, tenants.Count);
        Assert.True(tenants.Remove(Key(2 * InboxTenants.Most)));
        Assert.False(tenants.Remove(Key(2 * InboxTenants.Most)));
        Assert.Empty(tenants.TakeAll());
    }

    [Fact]
    public void Tenants_that_fail_are_told_apart_in_the_log_up_to_a_number_and_share_their_lines_beyond()
    {
        var log = new FailureLog(_time);
        var lines = Enumerable.Range(0, Many).Count(i => log.MayWrite(Key(i).ToString(), "x"));
        Assert.Equal(FailureLog.MostTenants + 3, lines);
        Assert.Equal(FailureLog.MostTenants + 1, log.Count);
        Assert.True(log.MayWrite(Key(0).ToString(), "x"));

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(log.MayWrite(Key(Many).ToString(), "x"));
        Assert.Equal(1, log.Count);
    }

    private static TenantKey Key(int number) => TenantKey.Create("core", "org" + number.ToString(CultureInfo.InvariantCulture));

    private static EventWork Work(int tenant)
    {
        var made = new TenantEvent(Key(tenant), "default", tenant.ToString(CultureInfo.InvariantCulture), "null");
        return new EventWork(new TenantDelivery { Place = made.Id, Event = made }, made);
    }

    /// <summary>One event of a tenant that can't be reached, which is rejected in the end.</summary>
    private void BeAway(int tenant) => Try(tenant, Away);

    private void Try(int tenant, EventFault? fault)
    {
        _turns.Add(Work(tenant));
        Assert.True(_turns.TryTake(out var work));
        Assert.Equal(Key(tenant), work.Event.Tenant);
        _turns.End(work, fault);
    }

    private bool Retries(int tenant)
    {
        _turns.Add(Work(tenant));
        Assert.True(_turns.TryTake(out var work));
        Assert.Equal(Key(tenant), work.Event.Tenant);
        var retries = _turns.TryRetry(work, Away);
        foreach (var left in _turns.TakeWaiting())
            Assert.Same(work, left);
        if (!retries)
            _turns.End(work, Away);
        return retries;
    }
}
