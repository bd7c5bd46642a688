using System.Runtime.CompilerServices;
using Akka.Actor;
using HyperConn.Opening;
using HyperConn.Pools;
using Npgsql;

namespace HyperConn.Tests.Pools;

public class LeaseWatchSpecs : PoolSpec
{
    private const int HeldLong = 1050;
    private static readonly TimeSpan Threshold = TimeSpan.FromMinutes(1);

    // How often it looks.
    private static readonly TimeSpan Look = Threshold / 4;

    public LeaseWatchSpecs() => Configure = options => options.Diagnostics.LeakThreshold = Threshold;

    [Fact]
    public async Task A_lease_held_for_too_long_is_reported_once_with_tenant_and_age()
    {
        await StartAsync();
        await World.Hold("a");
        await World.Get("b");

        Wait(Threshold * 10);

        var line = Assert.Single(Reports);
        Assert.Contains("core/a", line, StringComparison.Ordinal);
        Assert.Contains("1 leases", line, StringComparison.Ordinal);
        var told = Assert.Single(World.Events.After(0), e => e.Kind == OperatorEventKind.LeaseHeldLong);
        Assert.Equal(Tenant("a"), told.Tenant);
        Assert.InRange(told.At - Began, Threshold, Threshold + 2 * Look);
    }

    [Fact]
    public async Task Nothing_is_reported_before_the_threshold_however_many_leases_come_and_go()
    {
        await StartAsync();
        for (var i = 0; i < 40; i++)
        {
            var lease = await World.Hold("a");
            Wait(Look);
            var next = await World.Hold("a");
            lease.End();
            Wait(Look);
            next.End();
        }

        Assert.Empty(Reports);
    }

    [Fact]
    public async Task A_lease_that_ends_before_the_threshold_is_not_reported()
    {
        await StartAsync();
        var lease = await World.Hold("a");
        Wait(Threshold - Look);
        lease.End();
        Wait(Threshold * 3);

        Assert.Empty(Reports);
    }

    [Fact]
    public async Task After_it_ended_the_next_one_held_for_too_long_is_reported_again()
    {
        await StartAsync();
        var first = await World.Hold("a");
        Wait(Threshold * 3);
        first.End();
        Wait(Threshold);
        await World.Hold("a");
        Wait(Threshold * 3);

        Assert.Equal(2, Reports.Count);
    }

    [Fact]
    public async Task Each_tenant_is_reported_for_itself()
    {
        await StartAsync();
        await World.Hold("a");
        await World.Hold("b");
        Wait(Threshold * 3);

        Assert.Equal(["core/a", "core/b"], Reports.Select(line => line.Contains("core/a", StringComparison.Ordinal) ? "core/a" : "core/b").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_threshold_of_zero_reports_nothing()
    {
        Configure += options => options.Diagnostics.LeakThreshold = TimeSpan.Zero;
        await StartAsync();
        await World.Hold("a");
        Wait(TimeSpan.FromHours(1));

        Assert.Empty(Reports);
    }

    [Fact]
    public async Task A_pool_passed_over_as_busy_shows_the_old_lease_as_the_reason_once_that_is_known()
    {
        Configure += options => options.Pools.MaxPools = 1;
        await StartAsync();
        await World.Hold("a");
        World.Pass(1);
        await World.Get("b");
        Assert.Equal((1, 0), (Skipped(EvictionSkipReason.InUse), Skipped(EvictionSkipReason.HeldLong)));
        Assert.Equal(EvictionSkipReason.InUse, await NotEvictedAsync("a"));

        Wait(Threshold * 3);

        Assert.Equal((1, 1), (Skipped(EvictionSkipReason.InUse), Skipped(EvictionSkipReason.HeldLong)));
        Assert.Equal(EvictionSkipReason.HeldLong, await NotEvictedAsync("a"));
        Assert.Null(await NotEvictedAsync("b"));
    }

    [Fact]
    public async Task A_pool_that_comes_due_while_an_old_lease_is_open_is_kept_for_that_reason_at_once()
    {
        await StartAsync();
        var lease = await World.Hold("a");
        Wait(Threshold * 3);
        Assert.Equal(0, Skipped(EvictionSkipReason.HeldLong));
        Assert.Null(await NotEvictedAsync("a"));

        Assert.Equal(EvictResult.InUse, await World.Evict("a"));
        Assert.Equal(1, Skipped(EvictionSkipReason.HeldLong));
        Assert.Equal(EvictionSkipReason.HeldLong, await NotEvictedAsync("a"));

        lease.End();
        Assert.Null(await NotEvictedAsync("a"));
        Assert.Equal(EvictResult.Evicted, await World.Evict("a"));
    }

    [Fact]
    public async Task A_pool_that_only_has_callers_waiting_is_kept_for_that_reason()
    {
        // No permits, so that its caller waits.
        Configure += options => options.Servers.MaxConnections = 1;
        var b = await World.Hold("b");
        await World.Get("a");
        using var giveUp = new CancellationTokenSource();
        var waiting = World.Pool("a").AcquireAsync(giveUp.Token).AsTask();

        Assert.Equal(EvictResult.InUse, await World.Evict("a"));
        Assert.Equal(1, Skipped(EvictionSkipReason.Waiting));
        Assert.Equal(EvictionSkipReason.Waiting, await NotEvictedAsync("a"));

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        b.End();
    }

    [Fact]
    public async Task In_development_the_stack_that_took_the_oldest_lease_is_known()
    {
        var stacks = new LeaseStacks(World.Time);
        await using var first = new NpgsqlConnection();
        await using var second = new NpgsqlConnection();
        await TakeHereAsync(stacks, first);
        World.Pass(1);
        await TakeThereAsync(stacks, second);

        Assert.Contains(nameof(TakeHereAsync), stacks.OldestOf(Tenant("a")), StringComparison.Ordinal);
        Assert.DoesNotContain(nameof(TakeThereAsync), stacks.OldestOf(Tenant("a")), StringComparison.Ordinal);
        Assert.Null(stacks.OldestOf(Tenant("b")));
    }

    private DateTimeOffset Began { get; set; }

    private IReadOnlyList<string> Reports => [.. World.Lines.Lines.Where(line => line.Event.Id == HeldLong).Select(line => line.Text)];

    // Two frames are the library's own: the data source's method and the one below it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task TakeHereAsync(LeaseStacks stacks, NpgsqlConnection connection) => await OpenAsync(stacks, connection);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task TakeThereAsync(LeaseStacks stacks, NpgsqlConnection connection) => await OpenAsync(stacks, connection);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ValueTask<NpgsqlConnection> OpenAsync(LeaseStacks stacks, NpgsqlConnection connection) =>
        stacks.TrackAsync(Tenant("a"), ValueTask.FromResult(connection));

    private async Task StartAsync()
    {
        var watch = Sys.ActorOf(LeaseWatch.CreateProps(World.Runtime).WithDispatcher(PoolWorld.Dispatcher));

        // An actor of the top level starts in its guardian's time.
        await PoolWorld.Within(watch.Ask<ActorIdentity>(new Identify(null), TimeSpan.FromDays(1)));
        Began = World.Time.GetUtcNow();
    }

    private void Wait(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Look)
            World.Pass(Look);
    }

    private long Skipped(EvictionSkipReason reason) => World.Runtime.Counters.EvictionsSkipped[reason];

    private async Task<EvictionSkipReason?> NotEvictedAsync(string org) =>
        Assert.Single((await World.Snapshot()).Tenants, t => t.Tenant == Tenant(org)).NotEvicted;
}
