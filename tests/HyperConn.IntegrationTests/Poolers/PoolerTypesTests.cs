using System.Data;
using HyperConn.Tests.Support;
using Npgsql;
using NpgsqlTypes;

namespace HyperConn.Tests.Poolers;

/// <summary>Types that tenants share, through PgBouncer.</summary>
[Collection(PooledServerCollection.Name)]
public class PoolerTypesTests(PooledServer server)
{
    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session, true)]
    [InlineData(PgBouncerOptions.Transaction, true)]
    [InlineData(PgBouncerOptions.Transaction, false)]
    public async Task Tenants_behind_a_pooler_read_the_types_of_their_own_database(string mode, bool sharing)
    {
        var pooler = await server.PoolerAsync(mode);
        var databases = server.Tenants.GroupBy(tenant => tenant.Database).ToList();
        var type = "mood_" + Guid.NewGuid().ToString("N");
        foreach (var (database, place) in databases.Select((database, place) => (database.Key, place)))
            await RunAsync(database, $"create type public.{type} as enum ('of{place}', 'x')");
        try
        {
            await using var host = await PoolsHost.StartAsync(server.Secrets(pooler), o => o.Connections.ShareTypes = sharing);
            await Task.WhenAll(databases.SelectMany((database, place) => database.Take(6).Select(async tenant =>
            {
                await using var connection = await host.Pools.OpenConnectionAsync(tenant.Key);
                // The number of the type comes from what the data source knows, and the server says what it is.
                await using var command = new NpgsqlCommand("select string_agg(enumlabel, ' ' order by enumsortorder) from pg_enum where enumtypid = $1", connection);
                command.Parameters.Add(new NpgsqlParameter { Value = NumberOf(type, connection), NpgsqlDbType = NpgsqlDbType.Oid });
                Assert.Equal($"of{place} x", await command.ExecuteScalarAsync());
            })));
            var statistics = (await host.Pools.GetStatisticsAsync()).TypeCatalogues;

            // Where a session is a pooler's, what other tenants ask doesn't count.
            Assert.Equal(0, statistics.JoinedChecks);
            Assert.Equal(sharing, statistics.Shared > 0);
        }
        finally
        {
            foreach (var database in databases)
                await RunAsync(database.Key, $"drop type public.{type}");
        }
    }

    private static uint NumberOf(string type, NpgsqlConnection connection)
    {
        using var types = connection.GetSchema("DataTypes");
        return (uint)types.Rows.Cast<DataRow>().Single(row => (string)row["TypeName"] == "public." + type)["OID"];
    }

    private async Task RunAsync(string database, string sql)
    {
        var settings = server.Server.Admin(database);
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
