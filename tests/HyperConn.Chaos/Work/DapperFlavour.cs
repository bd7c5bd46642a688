using Dapper;

namespace HyperConn.Chaos.Work;

/// <summary>Dapper, which opens and closes by itself: each statement is a lease of its own.</summary>
internal sealed class DapperFlavour : IFlavour
{
    public string Name => "Dapper";

    public async Task DoAsync(Job job)
    {
        await using var connection = job.Host.Pools.CreateConnection(job.Tenant.Key);
        var (user, database, schema) = await connection.QuerySingleAsync<(string, string, string?)>(Job.Question);
        job.Saw(user, database, schema);
        await connection.ExecuteAsync(Job.Insert, new { tenant = job.Tenant.Name, payload = job.Payload });
        job.Acknowledge();
    }
}
