using HyperConn.Events.Sources;
using HyperConn.Testing;
using Npgsql;

namespace HyperConn.Events.Tests.Outbox;

/// <summary>The outbox on a real server: who gets which row, when it comes again, and what stays.</summary>
public sealed class OutboxSourceTests(OutboxFixture postgres) : IClassFixture<OutboxFixture>
{
    [SkippableFact]
    public async Task The_table_is_made_and_every_row_is_handed_out_once_in_order_and_deleted()
    {
        await using var world = postgres.World();
        await using var pump = new SourcePump(new OutboxEventSource(world.Options), (pump, delivery) => pump.EndAsync(delivery));
        await SourcePump.UntilAsync(async () => await world.ScalarAsync<bool>($"select to_regclass('{world.Table}') is not null"), "made");

        await world.SendAsync(0, 2_000, tenants: 7);

        await SourcePump.UntilAsync(async () => await world.LeftAsync() == 0, "all ended");
        Assert.Equal(2_000, pump.Ids.Count);
        foreach (var tenant in pump.Taken.GroupBy(delivery => delivery.Event!.Tenant))
            Assert.Equal(tenant.Select(Number).Order(), tenant.Select(Number));
        Assert.Equal(0, await world.ScalarAsync<long>($"select count(*) from {world.Table}"));
    }

    [SkippableFact]
    public async Task A_row_brings_its_event()
    {
        await using var world = await postgres.TableAsync();
        await world.ExecuteAsync($$"""insert into {{world.Table}} (service, org, type, event_id, data) values ('core', 'acme', 'order.placed', 'o-17', '{"sum": 3}')""");
        await world.ExecuteAsync($"insert into {world.Table} (service, org) values ('core', 'acme')");
        await using var pump = new SourcePump(new OutboxEventSource(world.Options), (pump, delivery) => pump.EndAsync(delivery));
        await SourcePump.UntilAsync(() => pump.Taken.Count == 2, "taken");

        var (first, second) = (pump.Taken.First().Event!, pump.Taken.Last().Event!);
        Assert.Equal((TenantKey.Create("core", "acme"), "order.placed", "o-17", """{"sum": 3}"""), (first.Tenant, first.Type, first.Id, first.Data));
        Assert.InRange(first.CreatedAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        Assert.Equal((TenantEvent.DefaultType, "null"), (second.Type, second.Data));
        Assert.True(Guid.TryParse(second.Id, out _), "a row without an id gets one that no other table has");
    }

    [SkippableFact]
    public async Task A_notification_wakes_it_long_before_the_poll()
    {
        await using var world = await postgres.TableAsync();
        var options = world.Options;
        options.PollInterval = TimeSpan.FromHours(1);
        await using var pump = new SourcePump(new OutboxEventSource(options), (pump, delivery) => pump.EndAsync(delivery));
        await SourcePump.UntilAsync(
            async () => await world.ScalarAsync<long>($"select count(*) from pg_stat_activity where query = 'listen \"{world.Table}\"'") == 1, "it listens");

        for (var i = 0; i < 3; i++)
        {
            await world.SendAsync(i, 1);
            await SourcePump.UntilAsync(() => pump.Taken.Count == i + 1, "taken");
        }
    }

    [SkippableFact]
    public async Task Without_notifications_the_poll_finds_what_is_there()
    {
        await using var world = await postgres.TableAsync();
        var options = world.Options;
        (options.Listen, options.PollInterval) = (false, TimeSpan.FromMilliseconds(50));
        await using var pump = new SourcePump(new OutboxEventSource(options), (pump, delivery) => pump.EndAsync(delivery));
        await world.SendAsync(0, 1);
        await SourcePump.UntilAsync(() => pump.Taken.Count == 1, "taken");
        await world.SendAsync(1, 1);
        await SourcePump.UntilAsync(() => pump.Taken.Count == 2, "taken");
    }

    [SkippableFact]
    public async Task Many_hosts_share_a_table_and_a_tenants_rows_are_never_in_two_hands()
    {
        await using var world = await postgres.TableAsync();
        var options = world.Options;
        (options.BatchSize, options.PollInterval) = (7, TimeSpan.FromMilliseconds(20));
        var busy = new Dictionary<TenantKey, int>();
        var done = new List<TenantDelivery>();
        var overlaps = 0;
        var pumps = Enumerable.Range(0, 4).Select(_ => new SourcePump(new OutboxEventSource(options), HandleAsync, room: 20)).ToList();
        for (var i = 0; i < 20; i++)
            await world.SendAsync(i * 100, 100, tenants: 10);

        await SourcePump.UntilAsync(async () => await world.LeftAsync() == 0, "all ended");

        foreach (var pump in pumps)
            await pump.DisposeAsync();
        Assert.Equal(0, overlaps);
        Assert.Equal(2_000, done.Count);
        foreach (var tenant in done.GroupBy(delivery => delivery.Event!.Tenant))
            Assert.Equal(tenant.Select(Number).Order(), tenant.Select(Number));
        Assert.True(pumps.Count(pump => !pump.Taken.IsEmpty) > 1, "one host took all: nothing was shared");

        async Task HandleAsync(SourcePump pump, TenantDelivery delivery)
        {
            var tenant = delivery.Event!.Tenant;
            lock (busy)
                overlaps += (busy[tenant] = busy.GetValueOrDefault(tenant) + 1) > 1 ? 1 : 0;
            await Task.Yield();
            lock (busy)
            {
                busy[tenant]--;
                done.Add(delivery);
            }

            await pump.EndAsync(delivery);
        }
    }

    [SkippableFact]
    public async Task Hosts_that_hand_back_now_and_then_still_keep_every_tenants_order()
    {
        await using var world = await postgres.TableAsync();
        var options = world.Options;
        (options.BatchSize, options.PollInterval) = (5, TimeSpan.FromMilliseconds(10));
        var done = new List<TenantDelivery>();
        var returned = 0;
        var pumps = Enumerable.Range(0, 3).Select(_ => new SourcePump(new OutboxEventSource(options), HandleAsync, room: 10)).ToList();
        await world.SendAsync(0, 600, tenants: 6);

        await SourcePump.UntilAsync(async () => await world.LeftAsync() == 0, "all ended");

        foreach (var pump in pumps)
            await pump.DisposeAsync();
        Assert.True(returned > 50);
        Assert.Equal(Enumerable.Range(0, 600), done.Select(Number).Order());
        foreach (var tenant in done.GroupBy(delivery => delivery.Event!.Tenant))
            Assert.Equal(tenant.Select(Number).Order(), tenant.Select(Number));

        async Task HandleAsync(SourcePump pump, TenantDelivery delivery)
        {
            await Task.Yield();
            // Every fifth is not done the first time.
            if (delivery.EarlierAttempts == 0 && Number(delivery) % 5 == 0)
            {
                Interlocked.Increment(ref returned);
                await pump.AbandonAsync(delivery);
                return;
            }

            lock (done)
                done.Add(delivery);
            await pump.EndAsync(delivery);
        }
    }

    [SkippableFact]
    public async Task Rows_of_a_claim_whose_answer_was_lost_are_not_overtaken_even_when_it_was_carried_out_later()
    {
        await using var world = await postgres.TableAsync();
        await world.SendAsync(0, 1);
        var options = world.Options;
        (options.PollInterval, options.Timeout) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1));
        var source = new OutboxEventSource(options);
        await using var pump = new SourcePump(source, (_, _) => Task.CompletedTask);
        await SourcePump.UntilAsync(() => pump.Taken.Count == 1, "the first in hand");
        var claimedBy = await world.ScalarAsync<Guid>($"select claimed_by from {world.Table}");
        await using (var connection = new NpgsqlConnection(world.Options.ConnectionString))
        {
            await connection.OpenAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using var gate = new NpgsqlCommand(OutboxTable.Gate(world.Table), connection, transaction);
            await gate.ExecuteNonQueryAsync();
            await SourcePump.UntilAsync(() => source.GetStatistics().Faults > 0, "a claim that got no answer");
        }

        // What was lost comes late: as the one who claimed then, which is somebody else's now.
        await SourcePump.UntilAsync(
            async () => await world.ScalarAsync<Guid>($"select claimed_by from {world.Table}") != claimedBy, "it claims as somebody else");
        await world.SendLostClaimAsync(1, claimedBy, TimeSpan.FromSeconds(2));
        await world.SendAsync(2, 3);
        await pump.EndAsync(pump.Taken.Single());
        await SourcePump.UntilAsync(async () => await world.LeftAsync() == 4, "the first ended");
        for (var taken = 2; taken <= 5; taken++)
        {
            await SourcePump.UntilAsync(() => pump.Taken.Count >= taken, "the lease of the lost claim is over");
            await pump.EndAsync(pump.Taken.Last());
        }

        Assert.Equal(["0", "1", "2", "3", "4"], pump.Ids);
    }

    [SkippableFact]
    public async Task A_row_that_somebody_has_locked_is_not_overtaken_by_its_tenants_later_ones()
    {
        await using var world = await postgres.TableAsync();
        await world.SendAsync(0, 10, tenants: 2);
        await using var connection = new NpgsqlConnection(world.Options.ConnectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand($"select from {world.Table} where event_id = '2' for update", connection, transaction))
            await command.ExecuteNonQueryAsync();
        await using var pump = new SourcePump(new OutboxEventSource(world.Options), (pump, delivery) => pump.EndAsync(delivery));

        await SourcePump.UntilAsync(() => pump.Taken.Count == 6, "the other tenant's, and those before it");
        Assert.Equal(["0", "1", "3", "5", "7", "9"], pump.Ids.Order());
        await transaction.CommitAsync();

        await SourcePump.UntilAsync(async () => await world.LeftAsync() == 0, "all ended");
        Assert.Equal(["0", "2", "4", "6", "8"], pump.Ids.Where(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture) % 2 == 0));
    }

    [SkippableFact]
    public async Task Leases_hold_while_events_are_worked_on_and_end_with_the_host()
    {
        await using var world = await postgres.TableAsync();
        var options = world.Options;
        (options.Lease, options.PollInterval) = (TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(50));
        await world.SendAsync(0, 20, tenants: 20);
        var source = new OutboxEventSource(options);
        var first = new SourcePump(source, (_, _) => Task.CompletedTask, room: 9);
        await SourcePump.UntilAsync(() => first.InHand.Count == 10, "ten in hand, ten more claimed");
        await using var second = new SourcePump(new OutboxEventSource(options), (pump, delivery) => pump.EndAsync(delivery));

        await Task.Delay(12_000);
        Assert.Empty(second.Taken);

        // To the table the first host is as good as dead from here: its extensions are not for its rows any more.
        await world.ExecuteAsync($"update {world.Table} set claimed_by = gen_random_uuid()");
        await SourcePump.UntilAsync(async () => await world.LeftAsync() == 0, "the second has them");
        Assert.Equal(20, second.Ids.Distinct().Count());
        Assert.All(second.Taken, delivery => Assert.Equal(1, delivery.EarlierAttempts));
        await first.DisposeAsync();
    }

    [SkippableFact]
    public async Task What_was_not_handed_out_goes_back_at_the_stop_and_does_not_count_as_tried()
    {
        await using var world = await postgres.TableAsync();
        var options = world.Options;
        options.Lease = TimeSpan.FromHours(1);
        await world.SendAsync(0, 50, tenants: 50);
        await using (var pump = new SourcePump(new OutboxEventSource(options), (_, _) => Task.CompletedTask, room: 0))
        {
            await SourcePump.UntilAsync(() => pump.Taken.Count == 1, "one taken");
            await pump.StopAsync();
            await pump.AbandonAsync(pump.Taken.Single());
        }

        Assert.Equal(50, await world.ScalarAsync<long>($"select count(*) from {world.Table} where claimed_by is null and claimed_until is null"));
        Assert.Equal(1, await world.ScalarAsync<long>($"select sum(attempts) from {world.Table}"));
    }

    [SkippableFact]
    public async Task Rejected_rows_stay_with_what_went_wrong_and_old_ones_are_swept()
    {
        await using var world = await postgres.TableAsync();
        await world.SendAsync(0, 3, tenants: 3);
        await world.ExecuteAsync($"insert into {world.Table} (service, org) values ('no service', 'x')");
        await world.ExecuteAsync(
            $"""
            insert into {world.Table} (service, org, ended_at, result) values
                ('core', 'old', now() - interval '31 days', 'rejected'), ('core', 'young', now() - interval '29 days', 'rejected')
            """);
        await using var pump = new SourcePump(new OutboxEventSource(world.Options), (pump, delivery) => delivery.Event?.Id == "0"
            ? pump.EndAsync(delivery)
            : pump.EndAsync(delivery, EventResult.Rejected, delivery.Event is null ? delivery.FaultCode : "NoHandler", "It says \0 why."));

        await SourcePump.UntilAsync(
            async () => await world.LeftAsync() == 0 && await world.ScalarAsync<long>($"select count(*) from {world.Table} where org = 'old'") == 0, "ended and swept");

        Assert.Equal(0, await world.ScalarAsync<long>($"select count(*) from {world.Table} where event_id = '0'"));
        Assert.Equal(2, await world.ScalarAsync<long>(
            $"select count(*) from {world.Table} where result = 'rejected' and code = 'NoHandler' and message = 'It says   why.' and attempts = 1"));
        Assert.Equal(1, await world.ScalarAsync<long>($"select count(*) from {world.Table} where code = 'NotAnEvent'"));
        Assert.Equal(1, await world.ScalarAsync<long>($"select count(*) from {world.Table} where org = 'young'"));
    }

    [SkippableFact]
    public async Task Handled_rows_are_kept_when_told()
    {
        await using var world = await postgres.TableAsync();
        var options = world.Options;
        options.KeepHandled = TimeSpan.FromDays(1);
        await world.SendAsync(0, 5);
        await using var pump = new SourcePump(new OutboxEventSource(options), (pump, delivery) => pump.EndAsync(delivery));
        await SourcePump.UntilAsync(async () => await world.LeftAsync() == 0, "all ended");

        Assert.Equal(5, await world.ScalarAsync<long>($"select count(*) from {world.Table} where result = 'handled' and claimed_by is null"));
        Assert.Equal(5, pump.Taken.Count);
    }

    [SkippableFact]
    public async Task A_table_that_is_missing_is_said_with_its_DDL_and_without_the_password()
    {
        await using var world = postgres.World();
        var options = world.Options;
        options.CreateTable = false;
        await using var source = new OutboxEventSource(options);

        var fault = await Assert.ThrowsAsync<HyperConnException>(async () =>
        {
            await foreach (var _ in source.ReadAsync(CancellationToken.None))
            {
            }
        });

        Assert.Equal(HyperConnErrorCode.NotConfigured, fault.Code);
        Assert.Contains(OutboxSql.Ddl(world.Table), fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(new NpgsqlConnectionStringBuilder(options.ConnectionString).Password!, fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_of_the_settings_is_said_at_once()
    {
        var options = new OutboxOptions
        {
            Table = "drop table;",
            BatchSize = 0,
            Lease = TimeSpan.Zero,
            PollInterval = TimeSpan.Zero,
            MaxInHand = 0,
            KeepHandled = TimeSpan.FromDays(-1),
            KeepRejected = TimeSpan.FromDays(-1),
            Timeout = TimeSpan.Zero,
        };

        Assert.Equal(9, options.Faults().Count());
        Assert.Throws<HyperConnException>(() => new OutboxEventSource(options));
        Assert.Empty(new OutboxOptions { ConnectionString = "Host=x" }.Faults());
    }

    private static int Number(TenantDelivery delivery) => int.Parse(delivery.Event!.Id, System.Globalization.CultureInfo.InvariantCulture);
}
