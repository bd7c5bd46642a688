using Npgsql;

namespace HyperConn.Chaos.Work;

/// <summary>Npgsql's own classes, asynchronously. The insert is a transaction of its own.</summary>
internal sealed class PlainFlavour : IFlavour
{
    public string Name => "plain";

    public async Task DoAsync(Job job)
    {
        await using var connection = await job.Host.Pools.OpenConnectionAsync(job.Tenant.Key);
        await WorkAsync(connection, job);
    }

    /// <summary>The work on a connection that is open.</summary>
    public static async Task WorkAsync(NpgsqlConnection connection, Job job)
    {
        await using (var question = new NpgsqlCommand(Job.Question, connection))
        await using (var reader = await question.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            job.Saw(reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
        }

        await using var insert = new NpgsqlCommand(Job.Insert, connection)
        {
            Parameters = { new NpgsqlParameter("tenant", job.Tenant.Name), new NpgsqlParameter("payload", job.Payload) },
        };
        await insert.ExecuteNonQueryAsync();
        job.Acknowledge();
    }
}
