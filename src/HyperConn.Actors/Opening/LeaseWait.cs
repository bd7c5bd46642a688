using HyperConn.Leases;

namespace HyperConn.Opening;

/// <summary>How a caller of the slow path comes to a lease.</summary>
internal static class LeaseWait
{
    /// <summary>Takes a free permit, or waits in the generation's queue for one. A caller that gives up has no lease.</summary>
    /// <exception cref="HyperConnException">Server or login are known to fail until after the deadline.</exception>
    public static async ValueTask<Lease> AcquireAsync(OpenRequest request, PoolGeneration pool, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (pool.Desk.TryTakeFree() is { } bucket)
            return new Lease(LeaseOutcome.Leased, bucket);
        request.IsCold = true;
        request.Stage = "all permits were taken";
        request.WaitsForPermit = true;
        var waiter = pool.Desk.Join();
        try
        {
            while (!waiter.Task.IsCompleted && pool.Word.Permits == 0 && IsAway(pool))
                await WaitForChangeAsync(request, pool, waiter, cancellationToken).ConfigureAwait(false);
            var lease = await request.WaitAsync(waiter.Task, cancellationToken).ConfigureAwait(false);
            request.WaitsForPermit = false;
            return lease;
        }
        catch (Exception exception) when (exception is OperationCanceledException or HyperConnException)
        {
            if (pool.Leave(waiter))
                throw;

            // It has a lease by now, or was sent back: whoever goes on with it finds out that time is up.
            request.WaitsForPermit = false;
            return await waiter.Task.ConfigureAwait(false);
        }
    }

    private static bool IsAway(PoolGeneration pool) => pool.Health.Circuit.IsOpen || pool.Login is { IsOpen: true };

    /// <summary>While permits are of use only to one that tries, those whose time is up before the next try are told at once.</summary>
    private static async ValueTask WaitForChangeAsync(OpenRequest request, PoolGeneration pool, LeaseWaiter waiter, CancellationToken cancellationToken)
    {
        var (server, login) = (pool.Health.Circuit, pool.Login);
        request.Stage = server.IsOpen ? "its server was away" : "its login was refused";
        if ((login?.Refusal(request.Deadline) ?? server.Refusal(request.Deadline)) is { } refusal)
            throw new HyperConnException(refusal with { Tenant = request.Tenant });
        if (login is null)
            await request.WaitAnyAsync(cancellationToken, waiter.Task, server.NextTurn).ConfigureAwait(false);
        else
            await request.WaitAnyAsync(cancellationToken, waiter.Task, server.NextTurn, login.NextTurn).ConfigureAwait(false);
    }
}
