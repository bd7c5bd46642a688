using System.Globalization;
using HyperConn.Chaos.Observations;
using Npgsql;

namespace HyperConn.Chaos.World;

/// <summary>Reads and empties the tables of tenants, as the superuser and past every relay and pooler.</summary>
internal static class RowReader
{
    // A union of more than this many is slow to plan.
    private const int TablesAtOnce = 100;

    /// <summary>Takes all rows out of the tables of some tenants.</summary>
    public static async Task<IReadOnlyList<WrittenRow>> TakeAsync(ChaosServers servers, IReadOnlyList<ChaosTenant> tenants)
    {
        var rows = new List<WrittenRow>();
        foreach (var database in tenants.GroupBy(tenant => (tenant.Provisioned.Database, IsSecond: tenant.Site == Site.Replicated)))
        {
            var settings = servers.ServerOf(database.First().Site).Admin(database.Key.Database);
            settings.Pooling = false;
            settings.CommandTimeout = 60;
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            await connection.OpenAsync();
            foreach (var some in database.Chunk(TablesAtOnce))
                rows.AddRange(await TakeAsync(connection, some));
        }

        return rows;
    }

    private static async Task<IReadOnlyList<WrittenRow>> TakeAsync(NpgsqlConnection connection, ChaosTenant[] tenants)
    {
        var tables = tenants.Select((tenant, i) => FormattableString.Invariant($"select {i}, tenant, payload from \"{tenant.Provisioned.Schema}\".events"));
        var (rows, filled) = (new List<WrittenRow>(), new HashSet<int>());
        await using (var command = new NpgsqlCommand(string.Join(" union all ", tables), connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                filled.Add(reader.GetInt32(0));
                rows.Add(new WrittenRow(
                    tenants[reader.GetInt32(0)].Name, reader.GetString(1), long.Parse(reader.GetString(2), CultureInfo.InvariantCulture)));
            }
        }

        if (filled.Count == 0)
            return rows;
        await using var empty = new NpgsqlCommand(
            string.Concat(filled.Select(i => $"delete from \"{tenants[i].Provisioned.Schema}\".events;")), connection);
        await empty.ExecuteNonQueryAsync();
        return rows;
    }
}
