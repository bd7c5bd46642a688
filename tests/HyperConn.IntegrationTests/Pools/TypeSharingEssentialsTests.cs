using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>What pools promise, with types shared between them and without.</summary>
[Collection(PostgresCollection.Name)]
public class TypeSharingEssentialsTests(PostgresFixture postgres)
{
    private const int Workers = 24;

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tenants_stay_apart_through_evictions_and_rotations_and_nothing_is_left(bool sharing)
    {
        await using var tenants = await postgres.ProvisionAsync(24, ownDatabases: 6);
        var oracle = await TenantOracle.MarkAsync(tenants, postgres.Server);
        var secrets = new MemorySecretStore().With(tenants.Tenants);
        await using (var host = await PoolsHost.StartAsync(secrets, o =>
        {
            o.Connections.ShareTypes = sharing;
            o.Connections.ConnectTimeout = TimeSpan.FromSeconds(60);
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(60);
            o.Pools.MaxPools = 10;
            o.Servers.MaxConnections = 40;
        }))
        {
            await using var watchdog = new Watchdog(TimeSpan.FromSeconds(60));
            for (var round = 0; round < 3; round++)
            {
                await Soak.RunAsync(Workers, Soak.Duration(2), async (worker, random) =>
                {
                    var tenant = tenants.Tenants[random.Next(tenants.Tenants.Count)].Key;
                    if (worker == 0)
                    {
                        await host.Pools.EvictAsync(tenant);
                        return;
                    }

                    await using var connection = await host.Pools.OpenConnectionAsync(tenant);
                    await oracle.AssertOwnedAsync(connection, tenant);

                    // Needs the catalogue: an array, a range and a type of a schema other than PostgreSQL's.
                    await using var command = new NpgsqlCommand(
                        "select array['[1,3)'::int4range], 3::information_schema.cardinal_number, $1::uuid[]", connection);
                    var id = Guid.NewGuid();
                    command.Parameters.Add(new NpgsqlParameter { Value = new[] { id } });
                    await using var row = await command.ExecuteReaderAsync();
                    Assert.True(await row.ReadAsync());
                    Assert.Equal(2, row.GetFieldValue<NpgsqlTypes.NpgsqlRange<int>[]>(0)[0].UpperBound - 1);
                    Assert.Equal((3, id), (row.GetInt32(1), row.GetFieldValue<Guid[]>(2)[0]));
                    watchdog.Step();
                });
                foreach (var tenant in tenants.Tenants.Where((_, i) => i % 3 == round))
                {
                    await tenants.ChangePasswordAsync(tenant);
                    secrets.Put(tenant.Key, tenant.ConnectionUri);
                }
            }

            await watchdog.AssertNoStallAsync();
            var statistics = await host.Pools.GetStatisticsAsync();
            Assert.Equal((0, 0L), (statistics.Leases, statistics.FailedAcquisitions));
            Assert.True(statistics.Evictions.Values.Sum() > 0);
            Assert.Equal(sharing, statistics.TypeCatalogues.Shared > 0);
        }

        await Until.TrueAsync(async () => await tenants.CountSessionsAsync() == 0);
    }
}
