using System.Collections.Concurrent;
using Dapper;
using HyperConn;
using Microsoft.Extensions.Options;

namespace ReportWorker;

/// <summary>What a tenant has sold, or why nobody knows.</summary>
internal sealed record Sales(string Org, long Orders, decimal Amount, string? Problem = null);

/// <summary>Asks all tenants what they have sold.</summary>
internal sealed class SalesReport(ITenantPools pools, IOptions<ReportOptions> options)
{
    public async Task<IReadOnlyList<Sales>> MakeAsync(CancellationToken stop)
    {
        var all = new ConcurrentBag<Sales>();
        var atOnce = new ParallelOptions { MaxDegreeOfParallelism = options.Value.AtOnce, CancellationToken = stop };
        await Parallel.ForEachAsync(await pools.ListOrgIdsAsync(stop), atOnce, async (org, token) => all.Add(await AskAsync(org, token)));
        return [.. all.OrderBy(sales => sales.Org, StringComparer.Ordinal)];
    }

    private async Task<Sales> AskAsync(string org, CancellationToken stop)
    {
        try
        {
            // Not open yet: Dapper opens it, which waits for the server's budget, and closes it after the query.
            await using var connection = pools.CreateConnection(TenantKey.Create("core", org));
            var (orders, amount) = await connection.QuerySingleAsync<(long, decimal)>(
                new CommandDefinition("select count(*), coalesce(sum(amount), 0) from orders", cancellationToken: stop));
            return new Sales(org, orders, amount);
        }
        catch (HyperConnException e)
        {
            // One tenant that can't be asked is a line of the report, not the end of it.
            return new Sales(org, 0, 0, e.Code.ToString());
        }
        catch (Npgsql.NpgsqlException e)
        {
            return new Sales(org, 0, 0, e.SqlState ?? "connection lost");
        }
    }
}
