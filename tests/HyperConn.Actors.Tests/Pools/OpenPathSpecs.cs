using System.Transactions;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>The slow path to a connection, on a server that lets anybody in.</summary>
public class OpenPathSpecs : OpenHouseSpec
{
    private static readonly HyperConnFailure Away = new(HyperConnErrorCode.ServerUnreachable, "Away.");

    private readonly HeardMeter _meter;

    public OpenPathSpecs()
        : this(new HeardMeter())
    {
    }

    private OpenPathSpecs(HeardMeter meter)
        : base(meter: meter) => _meter = meter;

    private async Task UseAsync()
    {
        await using var connection = await PoolWorld.Within(Handle.OpenConnectionAsync().AsTask());
    }

    [Fact]
    public async Task Who_finds_a_permit_without_a_connection_opens_one_and_the_next_has_it_at_once()
    {
        await UseAsync();
        await UseAsync();
        Assert.Equal((1, 1, 0), (House.Sessions, _meter.Cold, _meter.Probed));
        Assert.Equal((2, 0), (First.Word.Permits, State.OpenSlots.Taken));
    }

    [Fact]
    public async Task What_was_in_doubt_is_asked_once()
    {
        await UseAsync();
        Assert.True(First.Health.Doubt());
        await UseAsync();
        await UseAsync();
        Assert.Equal((1, 1, 1), (House.Sessions, _meter.Cold, _meter.Probed));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task What_another_tenants_session_has_proved_is_not_asked(bool isIdle, int sessions)
    {
        await UseAsync();
        First.Health.Doubt();
        First.Health.Prove(0, openedAt: 0, Runtime.Clock.Milliseconds);
        Assert.False(First.Trust.IsCurrent);
        if (!isIdle)
            First.Connections.CloseIdle();
        await UseAsync();
        Assert.Equal((sessions, 0), (House.Sessions, _meter.Probed));
        Assert.Equal(0, First.Word.Leases);
    }

    [Fact]
    public async Task A_doubt_that_comes_up_while_one_is_opened_holds_for_it_as_well()
    {
        await UseAsync();
        First.Connections.CloseIdle();
        var door = new TaskCompletionSource();
        House.Door = door.Task;
        var keeping = Runtime.Opening.Keeper.KeepAsync(First, 1, default);
        Time.Advance(BudgetTuning.Default.ReturnCooldown);
        Assert.True(SpinWait.SpinUntil(() => State.OpenSlots.Taken == 1, TimeSpan.FromSeconds(20)));
        Assert.True(First.Health.Doubt());
        door.SetResult();
        await PoolWorld.Within(keeping);
        Assert.False(First.Trust.IsCurrent);
        await UseAsync();
        Assert.Equal((2, 1), (House.Sessions, _meter.Probed));
    }

    [Fact]
    public async Task While_a_server_is_away_one_that_is_granted_a_permit_in_time_brings_login_and_server_back()
    {
        Handle.Login.Failed(Away with { Code = HyperConnErrorCode.LoginRefused }, CircuitPass.Closed);
        First.Health.ReportUnreachable(Away, CircuitPass.Closed);
        var opening = Handle.OpenConnectionAsync().AsTask();
        AwaitWaiter();
        Assert.Equal(PermitOffer.NotNow, First.Desk.Offer(First.Shares[0]));
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(PermitOffer.TakenLast, First.Desk.Offer(First.Shares[0]));
        await using var connection = await PoolWorld.Within(opening);
        Assert.False(Handle.Login.IsOpen || First.Health.Circuit.IsOpen);
        Assert.Contains(1021, Lines.EventIds);
        Assert.Contains(1023, Lines.EventIds);
        Assert.Equal(1, House.Sessions);
    }

    [Fact]
    public async Task A_refused_login_is_tried_on_a_permit_there_is_when_its_turn_has_come_and_not_before()
    {
        Handle.Login.Failed(Away with { Code = HyperConnErrorCode.LoginRefused }, CircuitPass.Closed);
        using var giveUp = new CancellationTokenSource();
        var early = Handle.OpenConnectionAsync(giveUp.Token).AsTask();
        AwaitWaiter();
        Assert.Equal((0, 0), (House.Sessions, First.Word.Permits));
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PoolWorld.Within(early));

        First.Desk.TakeAnyway(out _);
        First.EndUnused(0);
        Time.Advance(TimeSpan.FromSeconds(3));
        await UseAsync();
        Assert.False(Handle.Login.IsOpen);
        Assert.Equal((1, 1), (House.Sessions, First.Word.Permits));
        Assert.Contains(1021, Lines.EventIds);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Who_begins_to_open_and_has_no_share_left_when_the_server_answers_does_not_log_in_or_goes_at_once(bool asksPassword, int logins)
    {
        var door = new TaskCompletionSource();
        (House.Door, House.AsksPassword) = (door.Task, asksPassword);
        var opening = Handle.OpenConnectionAsync().AsTask();
        Assert.True(SpinWait.SpinUntil(() => State.OpenSlots.Taken == 1, TimeSpan.FromSeconds(20)));

        State.Share = new NodeShare(null!, Runtime.Monotonic);
        door.SetResult();
        AwaitWaiter();
        Assert.Equal((logins, 0), (House.Sessions, State.OpenSlots.Taken));
        Assert.False(First.Health.Circuit.IsOpen || Handle.Login.IsOpen);

        // A share that holds again.
        State.Share = null;
        Assert.Equal(PermitOffer.TakenLast, First.Desk.Offer(First.Shares[0]));
        await using var connection = await PoolWorld.Within(opening);
        Assert.Equal(logins + 1, House.Sessions);
    }

    [Fact]
    public async Task How_long_opens_take_tells_how_slow_the_server_is()
    {
        for (var opens = 1; opens <= 5; opens++)
        {
            var door = new TaskCompletionSource();
            House.Door = door.Task;
            var use = UseAsync();
            Assert.True(SpinWait.SpinUntil(() => House.Arrived == opens, TimeSpan.FromSeconds(20)));
            Time.Advance(TimeSpan.FromMilliseconds(opens == 1 ? 5 : 45));
            door.SetResult();
            await use;
            First.Connections.CloseIdle();
        }

        Assert.Equal(TimeSpan.FromMilliseconds(40), State.Pace.Delay);
    }

    [Fact]
    public async Task That_a_pooler_is_back_is_said_of_the_pooler()
    {
        State.Kind = ServerKind.Pooler;
        var pool = MakePool();
        Publish(pool);
        State.Health.ReportUnreachable(Away, CircuitPass.Closed);
        await UseAsync();
        Assert.False(State.Health.Circuit.IsOpen);
        Assert.Single(Lines.EventIds, id => id == 1023);

        // In somebody's transaction nothing is asked that isolation does not need.
        pool.Connections.CloseIdle();
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
            await UseAsync();
        Assert.Equal(2, House.Sessions);
    }

    [Fact]
    public async Task A_lease_whose_connection_could_not_even_be_looked_for_keeps_its_permit()
    {
        await First.DataSource.DisposeAsync();
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => PoolWorld.Within(Handle.OpenConnectionAsync().AsTask()));
        Assert.Equal(HyperConnErrorCode.ConnectionFailed, refused.Code);
        Assert.Equal((0, 2), (First.Word.Leases, First.Word.Permits));
        Assert.Equal(1, _meter.Failed);
    }

    [Fact]
    public void An_end_of_an_open_is_told_to_who_asked_to_hear_when_the_pool_is_idle()
    {
        First.EndGrantedOpen();
        Assert.Equal(0, Owner.Idle);
        First.Desk.Set(Leases.LeaseWord.NotifyIdle);
        First.EndGrantedOpen();
        First.EndGrantedOpen();
        Assert.Equal(1, Owner.Idle);
        Assert.Equal(3, Told<OpenEnded>(State));
    }

    [Fact]
    public async Task Where_connections_are_asked_each_time_each_is_and_where_they_never_are_for_their_age_none()
    {
        Runtime.Options.Connections.ValidateAfter = TimeSpan.Zero;
        Publish(MakePool());
        await UseAsync();
        await UseAsync();
        await UseAsync();
        Assert.Equal(2, _meter.Probed);

        Runtime.Options.Connections.ValidateAfter = null;
        var never = MakePool();
        Publish(never);
        await UseAsync();
        Time.Advance(TimeSpan.FromHours(1));
        never.Look(Runtime.Clock.Milliseconds);
        Assert.False(never.Word.Has(Leases.LeaseWord.NeedsProbe));
    }

    private void AwaitWaiter() => Assert.True(SpinWait.SpinUntil(() => First.Waiters == 1, TimeSpan.FromSeconds(20)));

    private sealed class HeardMeter : IAcquisitionMeter
    {
        public int Cold { get; private set; }

        public int Probed { get; private set; }

        public int Failed { get; private set; }

        public bool TimesAcquisitions => true;

        public void AcquiredHot(TimeSpan took)
        {
        }

        public void AcquiredCold(TimeSpan took) => Cold++;

        public void AcquiredProbed(TimeSpan took) => Probed++;

        public void AcquireFailed(TimeSpan took, HyperConnErrorCode code) => Failed++;
    }
}
