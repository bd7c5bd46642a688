using Npgsql;

namespace HyperConn.Chaos.Work;

/// <summary>Npgsql's own classes on a thread that blocks, in a transaction.</summary>
internal sealed class BlockingFlavour : IFlavour
{
    public string Name => "blocking";

    // A thread for each: the thread pool is for those who don't block.
    public Task DoAsync(Job job) =>
        Task.Factory.StartNew(() => Do(job), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Do(Job job)
    {
        var source = job.Host.Pools.GetDataSourceAsync(job.Tenant.Key).AsTask().GetAwaiter().GetResult();
        using var connection = source.OpenConnection();
        using var transaction = connection.BeginTransaction();
        using (var question = new NpgsqlCommand(Job.Question, connection, transaction))
        using (var reader = question.ExecuteReader())
        {
            reader.Read();
            job.Saw(reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
        }

        using (var insert = new NpgsqlCommand(Job.Insert, connection, transaction))
        {
            insert.Parameters.AddWithValue("tenant", job.Tenant.Name);
            insert.Parameters.AddWithValue("payload", job.Payload);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
        job.Acknowledge();
    }
}
