using System.Text.Json.Nodes;
using HyperConn.Host.Demo;
using HyperConn.Testing;

namespace HyperConn.Tests.Integration;

/// <summary>Credentials change the way AWS's rotation functions change them, on a real server and an emulator of Secrets Manager.</summary>
[Collection(PostgresCollection.Name)]
public sealed class RotationSpecs(PostgresFixture postgres, AwsEmulatorFixture aws) : IClassFixture<AwsEmulatorFixture>
{
    // How long no password that can be fetched works. Longer than the first pause after a refused login.
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(3);

    [SkippableFact]
    public async Task A_cold_tenant_outlives_the_window_of_a_single_user_rotation_inside_its_deadline()
    {
        await using var tenants = await postgres.ProvisionAsync(1);
        var tenant = tenants.Tenants[0];
        using var secrets = new RawSecretsManager(aws.Url);
        var before = await CreateAsync(secrets, tenant);
        await using var manager = await Manager.StartAsync(aws.Url);
        await manager.AskAsync(tenant.Key);
        await manager.Pools.EvictAsync(tenant.Key);

        await tenants.ChangePasswordAsync(tenant);
        var pending = await secrets.PutPendingAsync(Manager.SecretName(tenant.Key), Text(tenant));
        var opens = Enumerable.Range(0, 8).Select(_ => manager.AskAsync(tenant.Key)).ToArray();
        await Task.Delay(Window);
        Assert.All(opens, open => Assert.False(open.IsCompleted));
        var during = await manager.StatisticsAsync(tenant.Key);

        // Half open: one is trying just now.
        Assert.NotEqual(CircuitState.Closed, during.Circuit);
        Assert.Equal(HyperConnErrorCode.LoginRefused, during.LastFailure?.Code);
        await secrets.PromoteAsync(Manager.SecretName(tenant.Key), before, pending);

        foreach (var session in await Task.WhenAll(opens))
            Assert.Equal(tenant.Login.User, session.User);
        var after = await manager.StatisticsAsync(tenant.Key);
        Assert.Equal((pending, 0, CircuitState.Closed, 1), (after.SecretVersion, after.Failures, after.Circuit, after.Generation));
        Assert.Equal(1, manager.Logs.Count(1020));
        Assert.Equal(1, manager.Logs.Count(1010));
        AssertNothingShows(manager, tenant);
    }

    [SkippableFact]
    public async Task Sessions_that_are_open_serve_on_through_the_window_however_many_callers_come()
    {
        await using var tenants = await postgres.ProvisionAsync(1);
        var tenant = tenants.Tenants[0];
        using var secrets = new RawSecretsManager(aws.Url);
        var before = await CreateAsync(secrets, tenant);
        await using var manager = await Manager.StartAsync(aws.Url, options => options.Connections.MaxPerTenant = 6);
        await using var few = Load.Start(2, _ => manager.AskAsync(tenant.Key));
        await few.PassAsync(50);

        await tenants.ChangePasswordAsync(tenant);
        var pending = await secrets.PutPendingAsync(Manager.SecretName(tenant.Key), Text(tenant));
        await using var many = Load.Start(10, _ => manager.AskAsync(tenant.Key));
        await many.PassAsync(200);
        await Task.Delay(Window);
        await few.PassAsync(50);
        await many.PassAsync(200);
        await secrets.PromoteAsync(Manager.SecretName(tenant.Key), before, pending);
        await manager.Pools.RefreshAsync(tenant.Key);
        await many.PassAsync(200);

        await few.StopAsync();
        await many.StopAsync();
        few.AssertNoFaults();
        many.AssertNoFaults();
        var after = await manager.StatisticsAsync(tenant.Key);
        Assert.Equal((pending, 1), (after.SecretVersion, after.Generation));
        AssertNothingShows(manager, tenant);
    }

    [SkippableFact]
    public async Task Alternating_users_change_under_load_and_the_old_ones_sessions_end()
    {
        await using var tenants = await postgres.ProvisionAsync(1);
        var tenant = tenants.Tenants[0];
        using var secrets = new RawSecretsManager(aws.Url);
        var version = await CreateAsync(secrets, tenant);
        await using var manager = await Manager.StartAsync(aws.Url);
        await using var load = Load.Start(8, async _ =>
        {
            var session = await manager.AskAsync(tenant.Key);
            Assert.True(tenant.Owns(session.User, session.Database, session.Schema));
        });
        await load.PassAsync(50);

        for (var round = 0; round < 4; round++)
        {
            await tenants.AlternateUserAsync(tenant);
            var next = await secrets.PutPendingAsync(Manager.SecretName(tenant.Key), Text(tenant));
            await secrets.PromoteAsync(Manager.SecretName(tenant.Key), version, next);
            version = next;
            await manager.Pools.RefreshAsync(tenant.Key);
            Assert.Equal(tenant.Login.User, (await manager.AskAsync(tenant.Key)).User);
            await load.PassAsync(50);
        }

        await load.StopAsync();
        load.AssertNoFaults();
        var after = await manager.StatisticsAsync(tenant.Key);
        Assert.Equal((version, 5, 0), (after.SecretVersion, after.Generation, after.DrainingGenerations));
        Assert.Equal(4, (await manager.Pools.GetStatisticsAsync()).Rotations);
        Assert.Equal(4, manager.Logs.Count(1011));
        AssertNothingShows(manager, tenant);
    }

    [SkippableFact]
    public async Task A_changed_user_is_found_without_being_told_once_the_secret_is_past_its_time()
    {
        await using var tenants = await postgres.ProvisionAsync(1);
        var tenant = tenants.Tenants[0];
        using var secrets = new RawSecretsManager(aws.Url);
        var version = await CreateAsync(secrets, tenant);
        await using var manager = await Manager.StartAsync(aws.Url, options =>
        {
            options.Secrets.TimeToLive = TimeSpan.FromSeconds(1);
            options.Connections.IdleLifetime = TimeSpan.FromSeconds(1);
        });
        await manager.AskAsync(tenant.Key);
        await tenants.AlternateUserAsync(tenant);
        var next = await secrets.PutPendingAsync(Manager.SecretName(tenant.Key), Text(tenant));
        await secrets.PromoteAsync(Manager.SecretName(tenant.Key), version, next);

        // The refresh is asked for by physical opens: idle connections close after a second.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while ((await manager.AskAsync(tenant.Key, patience.Token)).User != tenant.Login.User)
            await Task.Delay(TimeSpan.FromSeconds(2.5), patience.Token);
    }

    [SkippableFact]
    public async Task A_deleted_secret_leaves_the_live_pool_alone_and_serves_again_once_restored()
    {
        await using var tenants = await postgres.ProvisionAsync(1);
        var tenant = tenants.Tenants[0];
        using var secrets = new RawSecretsManager(aws.Url);
        await CreateAsync(secrets, tenant);
        await using var manager = await Manager.StartAsync(aws.Url, options => options.Secrets.FailureTimeToLive = TimeSpan.FromMilliseconds(500));
        await manager.AskAsync(tenant.Key);
        await secrets.CallAsync("DeleteSecret", new JsonObject { ["SecretId"] = Manager.SecretName(tenant.Key), ["RecoveryWindowInDays"] = 7 });

        var refresh = await Assert.ThrowsAsync<HyperConnException>(() => manager.Pools.RefreshAsync(tenant.Key));
        Assert.Equal(HyperConnErrorCode.SecretNotFound, refresh.Code);
        await manager.AskAsync(tenant.Key);
        await manager.Pools.EvictAsync(tenant.Key);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, (await manager.RefusalAsync(tenant.Key)).Code);

        await secrets.CallAsync("RestoreSecret", new JsonObject { ["SecretId"] = Manager.SecretName(tenant.Key) });
        await manager.Pools.RefreshAsync(tenant.Key);
        await manager.AskAsync(tenant.Key);
        Assert.Null((await manager.StatisticsAsync(tenant.Key)).LastFailure);
    }

    private static string Text(ProvisionedTenant tenant) => Manager.SecretText(tenant.Key, tenant.ConnectionUri);

    private static async Task<string> CreateAsync(RawSecretsManager secrets, ProvisionedTenant tenant)
    {
        var name = Manager.SecretName(tenant.Key);
        await secrets.CallAsync("DeleteSecret", new JsonObject { ["SecretId"] = name, ["ForceDeleteWithoutRecovery"] = true });
        var created = await secrets.CallAsync("CreateSecret", new JsonObject
        {
            ["Name"] = name,
            ["SecretString"] = Text(tenant),
            ["ClientRequestToken"] = Guid.NewGuid().ToString(),
        });
        return (string)created["VersionId"]!;
    }

    private static void AssertNothingShows(Manager manager, ProvisionedTenant tenant) => Assert.All(
        manager.Logs.Lines, line => Assert.DoesNotContain(tenant.Login.Password, line.Text, StringComparison.Ordinal));
}
