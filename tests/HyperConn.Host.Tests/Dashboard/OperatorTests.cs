using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace HyperConn.Tests.Dashboard;

/// <summary>Operators' verbs over HTTP, on real pools of a real PostgreSQL.</summary>
public sealed class OperatorTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [SkippableFact]
    public async Task A_paused_tenant_waits_and_goes_on_when_resumed_while_others_never_notice()
    {
        await using var manager = await RealManager.StartAsync(postgres, 3);
        var (paused, other) = (manager.Tenants[0].Key, manager.Tenants[1].Key);
        await manager.UseAsync(paused);
        await using var open = await manager.Pools.OpenConnectionAsync(paused);

        await manager.ActAsync("pause", paused);
        var waiting = manager.UseAsync(paused);
        await manager.UseAsync(other);
        await using (var command = new NpgsqlCommand("select 1", open))
            Assert.Equal(1, await command.ExecuteScalarAsync());
        Assert.False(waiting.IsCompleted);
        Assert.Single(await manager.EventsAsync("operatorAction"));

        await manager.ActAsync("resume", paused);
        await waiting;
    }

    [SkippableFact]
    public async Task A_pause_that_outlasts_the_deadline_says_who_paused_and_why()
    {
        await using var manager = await RealManager.StartAsync(postgres, 1, o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(1));
        await manager.ActAsync("pause", manager.Tenants[0].Key);

        var refused = await Assert.ThrowsAsync<HyperConnException>(() => manager.UseAsync(manager.Tenants[0].Key));

        Assert.Equal(HyperConnErrorCode.Paused, refused.Code);
        Assert.Contains("mia", refused.Message, StringComparison.Ordinal);
        Assert.Contains("OPS-7", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_banned_tenant_is_answered_at_once_with_the_end_of_the_ban()
    {
        await using var manager = await RealManager.StartAsync(postgres, 2);
        await manager.UseAsync(manager.Tenants[0].Key);

        await manager.ActAsync("ban", manager.Tenants[0].Key);
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => manager.UseAsync(manager.Tenants[0].Key));
        await manager.UseAsync(manager.Tenants[1].Key);

        Assert.Equal(HyperConnErrorCode.Banned, refused.Code);
        Assert.NotNull(refused.Failure.RetryAt);
        await manager.ActAsync("resume", manager.Tenants[0].Key);
        await manager.UseAsync(manager.Tenants[0].Key);
    }

    [SkippableFact]
    public async Task A_drained_tenant_closes_when_its_lease_ends_and_begins_anew()
    {
        await using var manager = await RealManager.StartAsync(postgres, 1);
        var tenant = manager.Tenants[0].Key;
        var open = await manager.Pools.OpenConnectionAsync(tenant);

        await manager.ActAsync("drain", tenant);
        await using (var command = new NpgsqlCommand("select 1", open))
            Assert.Equal(1, await command.ExecuteScalarAsync());
        await manager.UseAsync(tenant);
        await open.DisposeAsync();

        await RealManager.UntilAsync(async () => (await manager.Pools.GetStatisticsAsync()).Evictions[EvictionReason.Requested] == 1);
        Assert.Equal(2, (await manager.Pools.GetStatisticsAsync()).PoolsCreated);
    }

    [SkippableFact]
    public async Task Refresh_gives_live_pools_the_new_password_and_shows_the_rotation()
    {
        await using var manager = await RealManager.StartAsync(postgres, 1);
        var tenant = manager.Tenants[0];
        await manager.UseAsync(tenant.Key);
        await manager.Provisioner.ChangePasswordAsync(tenant);
        await manager.Secrets.WriteAsync();

        await manager.ActAsync("refresh", tenant.Key);

        await RealManager.UntilAsync(async () => (await manager.Pools.GetStatisticsAsync()).Rotations == 1);
        await manager.ActAsync("drain", tenant.Key);
        await manager.UseAsync(tenant.Key);
        await RealManager.UntilAsync(async () => (await manager.EventsAsync("rotated")).Count > 0);
    }

    [SkippableFact]
    public async Task A_paused_server_holds_every_tenant_on_it_also_those_that_come_later()
    {
        await using var manager = await RealManager.StartAsync(postgres, 3);
        await manager.UseAsync(manager.Tenants[0].Key);
        var server = (await manager.Pools.GetStatisticsAsync()).Servers[0].Server.ToString();

        await manager.ActAsync("pause", server);
        var waiting = manager.Tenants.Select(t => manager.UseAsync(t.Key)).ToList();
        await Task.Delay(300);
        Assert.DoesNotContain(waiting, use => use.IsCompleted);

        await manager.ActAsync("resume", server);
        await Task.WhenAll(waiting);
    }

    [SkippableFact]
    public async Task A_banned_server_refuses_every_tenant_on_it()
    {
        await using var manager = await RealManager.StartAsync(postgres, 2);
        await manager.UseAsync(manager.Tenants[0].Key);
        var server = (await manager.Pools.GetStatisticsAsync()).Servers[0].Server.ToString();

        await manager.ActAsync("ban", server);

        foreach (var tenant in manager.Tenants)
            Assert.Equal(HyperConnErrorCode.Banned, (await Assert.ThrowsAsync<HyperConnException>(() => manager.UseAsync(tenant.Key))).Code);
    }

    [SkippableFact]
    public async Task All_tenants_are_paused_and_resumed_at_once()
    {
        await using var manager = await RealManager.StartAsync(postgres, 4);
        await Task.WhenAll(manager.Tenants.Select(t => manager.UseAsync(t.Key)));

        await manager.ActAsync("pause");
        var waiting = manager.Tenants.Select(t => manager.UseAsync(t.Key)).ToList();
        await Task.Delay(200);
        Assert.DoesNotContain(waiting, use => use.IsCompleted);
        await manager.ActAsync("resume");

        await Task.WhenAll(waiting);
    }

    [SkippableFact]
    public async Task A_lease_never_given_back_is_reported_with_the_stack_that_took_it_and_shows_why_its_pool_stays()
    {
        await using var manager = await RealManager.StartAsync(postgres, 2, o =>
        {
            o.Pools.MaxPools = 1;
            o.Diagnostics.LeakThreshold = TimeSpan.FromSeconds(1);
            o.Diagnostics.CaptureLeaseStacks = true;
        });
        var (leaking, other) = (manager.Tenants[0].Key, manager.Tenants[1].Key);
        await using var open = await manager.Pools.OpenConnectionAsync(leaking);
        await manager.UseAsync(other);

        await RealManager.UntilAsync(async () => (await manager.Pools.GetStatisticsAsync()).EvictionsSkippedByReason[EvictionSkipReason.HeldLong] > 0);

        Assert.Contains(await manager.EventsAsync("leaseHeldLong"), message => message.Contains($"1 leases of {leaking}", StringComparison.Ordinal));
        Assert.Contains(manager.Logs.Lines, line => line.Contains("[1050]", StringComparison.Ordinal) && line.Contains(leaking.ToString(), StringComparison.Ordinal));
        Assert.Contains(manager.Logs.Lines, line => line.Contains("[1051]", StringComparison.Ordinal)
            && line.Contains(nameof(A_lease_never_given_back_is_reported_with_the_stack_that_took_it_and_shows_why_its_pool_stays), StringComparison.Ordinal));
        await RealManager.UntilAsync(async () =>
            (await manager.Http.GetFromJsonAsync<JsonElement>($"api/v1/tenant?service={leaking.Service}&org={leaking.Org}")).GetProperty("notEvicted").GetString() == "heldLong");
        await RealManager.UntilAsync(async () => (await manager.Http.GetStringAsync(new Uri("metrics", UriKind.Relative))).Split('\n')
            .Any(line => line.StartsWith("hyperconn_pool_skipped_evictions", StringComparison.Ordinal) && line.Contains("\"held_long\"", StringComparison.Ordinal)
                && line.Split(' ')[1] != "0"));
    }

    [SkippableFact]
    public async Task No_password_and_no_connection_string_is_in_any_answer_or_log()
    {
        await using var manager = await RealManager.StartAsync(postgres, 4);
        await Task.WhenAll(manager.Tenants.Select(t => manager.UseAsync(t.Key)));
        await manager.ActAsync("refresh");

        // A scrape may be answered with what the one before it found.
        await RealManager.UntilAsync(async () => (await MetricsAsync()).Contains("hyperconn_secret_calls", StringComparison.Ordinal));
        var all = new StringBuilder();
        foreach (var path in new[] { "api/v1/overview", "api/v1/tenants", "api/v1/secrets", "api/v1/servers", "api/v1/events", "metrics", "healthz", "readyz" })
            all.Append(await manager.Http.GetStringAsync(new Uri(path, UriKind.Relative)));
        foreach (var line in manager.Logs.Lines)
            all.Append(line);

        foreach (var tenant in manager.Tenants)
        {
            Assert.DoesNotContain(tenant.Login.Password, all.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(JsonEncodedText.Encode(tenant.Login.Password).ToString(), all.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(Uri.EscapeDataString(tenant.Login.Password), all.ToString(), StringComparison.Ordinal);
        }

        Assert.Contains("hyperconn_secret_calls", all.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"hyperconn-live\":{\"status\":\"Healthy\"", all.ToString(), StringComparison.Ordinal);

        Task<string> MetricsAsync() => manager.Http.GetStringAsync(new Uri("metrics", UriKind.Relative));
    }
}
