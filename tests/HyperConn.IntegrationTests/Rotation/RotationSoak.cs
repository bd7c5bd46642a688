using HyperConn.Host.Demo;
using HyperConn.Testing;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>Twenty tenants, each with new credentials every second, under 64 workers. <c>HYPERCONN_SOAK_SECONDS</c> sets how long.</summary>
[Collection(PostgresCollection.Name)]
public sealed class RotationSoak(PostgresFixture postgres, ITestOutputHelper output)
{
    [SkippableFact]
    public async Task Twenty_tenants_rotated_every_second_under_64_workers_cost_no_failure_and_show_no_wrong_user()
    {
        await using var tenants = await postgres.ProvisionAsync(20, services: ["core"]);
        await using var secrets = await FaultyAwsEndpoint.StartAsync();
        foreach (var tenant in tenants.Tenants)
            Put(secrets, tenant);
        await using var manager = await Manager.StartAsync(secrets.Url);
        await using var load = Load.Start(64, async number =>
        {
            var tenant = tenants.Tenants[number % tenants.Tenants.Count];
            var session = await manager.AskAsync(tenant.Key);
            Assert.True(tenant.Owns(session.User, session.Database, session.Schema), $"{tenant} got a session of {session}");
        });

        var made = 0;
        using var stop = new CancellationTokenSource(Soak.Duration(15));
        await Task.WhenAll(tenants.Tenants.Select((tenant, i) => RotateAsync(tenant, alternates: i % 2 == 1, delay: 50 * i)));
        await load.StopAsync();

        var statistics = await manager.Pools.GetStatisticsAsync();
        output.WriteLine(
            $"{load.Done} operations, {load.Faults.Count} failed, {statistics.Rotations} of {made} rotations, p50 {load.Percentile(0.5):0.0} ms, "
            + $"p99 {load.Percentile(0.99):0.0} ms, {manager.Opens} opens, {manager.Logs.Count(1020)} refused logins without a newer secret");
        load.AssertNoFaults();
        Assert.InRange(statistics.Rotations, made / 2, made);
        Assert.All(statistics.Tenants, tenant => Assert.Equal((0, CircuitState.Closed), (tenant.DrainingGenerations, tenant.Circuit)));
        foreach (var tenant in tenants.Tenants)
            Assert.Equal(tenant.Login.User, (await manager.AskAsync(tenant.Key)).User);

        async Task RotateAsync(ProvisionedTenant tenant, bool alternates, int delay)
        {
            await Task.Delay(delay);
            using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
            while (!stop.IsCancellationRequested)
            {
                await second.WaitForNextTickAsync();

                // The database first, then the secret, as the rotation functions do it; then the event that tells of it.
                if (alternates)
                    await tenants.AlternateUserAsync(tenant);
                else
                    await tenants.ChangePasswordAsync(tenant);
                await Task.Delay(20);
                Put(secrets, tenant);
                Interlocked.Increment(ref made);
                await manager.Pools.RefreshAsync(tenant.Key);
            }
        }
    }

    private static void Put(FaultyAwsEndpoint secrets, ProvisionedTenant tenant) =>
        secrets.Put(Manager.SecretName(tenant.Key), Manager.SecretText(tenant.Key, tenant.ConnectionUri));
}
