using HyperConn.Host.Demo;
using HyperConn.Testing;
using HyperConn.Tests.Support;
using Xunit.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>
/// Passwords of twenty tenants that change every two seconds each, far more often than a secret may be fetched in vain. There is room for
/// half as many pools as tenants, so that most opens log in.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class FrequentRotationSpecs(PostgresFixture postgres, ITestOutputHelper output)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    [SkippableFact]
    public async Task Secrets_that_change_without_a_word_are_found_by_refused_logins()
    {
        await using var tenants = await postgres.ProvisionAsync(20, services: ["core"]);
        await using var secrets = await FaultyAwsEndpoint.StartAsync();
        await using var manager = await Manager.StartAsync(secrets.Url, options => options.Pools.MaxPools = 10);
        await RotateUnderLoadAsync(tenants, manager.Pools, TimeSpan.Zero, tenant =>
        {
            Put(secrets, tenant);
            return Task.CompletedTask;
        });
        output.WriteLine($"{manager.Opens} opens, {manager.Logs.Count(1020)} refused logins without a newer secret");
        Assert.Equal(0, manager.Logs.Count(2004));
    }

    [SkippableFact]
    public async Task Secrets_whose_change_is_told_by_a_refresh_are_adopted()
    {
        await using var tenants = await postgres.ProvisionAsync(20, services: ["core"]);
        await using var secrets = await FaultyAwsEndpoint.StartAsync();
        await using var manager = await Manager.StartAsync(secrets.Url, options => options.Pools.MaxPools = 10);
        await RotateUnderLoadAsync(tenants, manager.Pools, TimeSpan.FromMilliseconds(100), tenant =>
        {
            Put(secrets, tenant);
            return manager.Pools.RefreshAsync(tenant.Key);
        });
        output.WriteLine($"{manager.Opens} opens, {manager.Logs.Count(1020)} refused logins without a newer secret");
    }

    [SkippableFact]
    public async Task Secrets_whose_change_the_store_announces_are_adopted()
    {
        await using var tenants = await postgres.ProvisionAsync(20, services: ["core"]);
        var secrets = new MemorySecretStore();
        await using var host = await PoolsHost.StartAsync(secrets, options =>
        {
            options.Pools.MaxPools = 10;
            options.Servers.MaxConnections = 60;
        });
        await RotateUnderLoadAsync(tenants, host.Pools, TimeSpan.FromMilliseconds(100), tenant =>
        {
            secrets.Put(tenant.Key, tenant.ConnectionUri);
            return Task.CompletedTask;
        });
    }

    private async Task RotateUnderLoadAsync(
        TenantProvisioner tenants, ITenantPools pools, TimeSpan databaseIsAhead, Func<ProvisionedTenant, Task> changeSecretAsync)
    {
        foreach (var tenant in tenants.Tenants)
            await changeSecretAsync(tenant);
        await using var load = Load.Start(16, async number =>
        {
            var tenant = tenants.Tenants[number % tenants.Tenants.Count];
            await using var connection = await pools.OpenConnectionAsync(tenant.Key);
            Assert.Equal(tenant.Login.User, (await Manager.AskAsync(connection)).User);
        });
        using var stop = new CancellationTokenSource(Soak.Duration(15));
        await Task.WhenAll(tenants.Tenants.Select((tenant, i) => RotateAsync(tenant, Period * i / tenants.Tenants.Count)));
        await load.StopAsync();
        output.WriteLine(
            $"{load.Done} operations, {load.Faults.Count} failed, p50 {load.Percentile(0.5):0.0} ms, p99 {load.Percentile(0.99):0.0} ms, "
            + $"slowest {load.Percentile(1):0.0} ms");
        load.AssertNoFaults();

        async Task RotateAsync(ProvisionedTenant tenant, TimeSpan delay)
        {
            await Task.Delay(delay);
            using var period = new PeriodicTimer(Period);
            while (!stop.IsCancellationRequested)
            {
                await period.WaitForNextTickAsync();
                await tenants.ChangePasswordAsync(tenant);
                await Task.Delay(databaseIsAhead);
                await changeSecretAsync(tenant);
            }
        }
    }

    private static void Put(FaultyAwsEndpoint secrets, ProvisionedTenant tenant) =>
        secrets.Put(Manager.SecretName(tenant.Key), Manager.SecretText(tenant.Key, tenant.ConnectionUri));
}
