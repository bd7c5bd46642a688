using HyperConn.Leases;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>
/// Opens anew what an idle pool is to keep. Npgsql closes all idle connections of a pool or none, so when permits go back, the connections of
/// those that stay are closed, too.
/// </summary>
internal sealed class IdleKeeper(OpenRuntime runtime)
{
    /// <summary>Opens connections until so many are idle, as far as permits are free and nobody waits for them. Never fails: whoever opens next
    /// meets what was in the way, and hears of it.</summary>
    /// <param name="handle">The tenant's handle.</param>
    /// <param name="pool">The generation.</param>
    /// <param name="connections">How many are to be idle.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How many were opened, or found idle.</returns>
    public async Task<int> KeepAsync(IPoolHandle handle, PoolGeneration pool, int connections, CancellationToken cancellationToken)
    {
        var leases = runtime.Leases;
        using var timer = new CancellationTokenSource(runtime.Opener.Limit, leases.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        var open = new List<NpgsqlConnection>();
        try
        {
            while (open.Count < connections && !pool.Health.Circuit.IsOpen && pool.Login is not { IsOpen: true } && pool.Desk.TryTakeFree() is { } bucket)
            {
                leases.Totals.NotHot();
                var request = new OpenRequest(handle.Tenant, handle, null, isBlocking: false, leases.Monotonic)
                {
                    Deadline = leases.Monotonic.Now + runtime.Opener.Limit,
                    Lease = new Lease(LeaseOutcome.Leased, bucket),
                };
                if (await runtime.Opener.OpenOnceAsync(request, pool, either.Token).ConfigureAwait(false) is not { } connection)
                    break;
                open.Add(connection);
            }
        }
        catch (Exception e) when (e is HyperConnException or OperationCanceledException)
        {
            // The lease has ended, and its permit is back.
        }

        foreach (var connection in open)
            await connection.DisposeAsync().ConfigureAwait(false);
        return open.Count;
    }
}
