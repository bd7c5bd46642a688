using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;
using Npgsql;

namespace HyperConn.Chaos.Faults;

/// <summary>Others take every free slot of the first server, and whatever comes free.</summary>
internal sealed class StrangersCame : IFault
{
    private const int Most = 300;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

    public string Name => "strangers-first";

    public Part Part => Part.First;

    public TimeSpan Aftermath => TimeSpan.FromSeconds(7);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        // Any login that is no superuser's; its sessions don't come through the relay, so no budget counts them.
        var tenant = world.Tenants.At(Site.Direct)[^1];
        var settings = world.Servers.First.Admin(tenant.Provisioned.Database);
        (settings.Username, settings.Password, settings.Pooling) = (tenant.Provisioned.Login.User, tenant.Provisioned.Login.Password, false);
        var (stop, taking) = (new CancellationTokenSource(), Task.CompletedTask);
        string[] classes = [ErrorClass.Of(HyperConnErrorCode.BudgetTimedOut), ErrorClass.Of(HyperConnErrorCode.TimedOut)];
        return new Strike(
            "others take every slot of the first server",
            [Allowance.At(Sites.Direct, classes), Allowance.At(Sites.Pooled, [.. classes, Errors.PoolerSays, ErrorClass.Of(HyperConnErrorCode.ServerUnreachable)])],
            () =>
            {
                taking = TakeAsync(settings.ConnectionString, stop.Token);
                return Task.CompletedTask;
            },
            async () =>
            {
                await stop.CancelAsync();
                await taking;
                stop.Dispose();
            });
    }

    private static async Task TakeAsync(string settings, CancellationToken stop)
    {
        var taken = new List<NpgsqlConnection>();
        while (!stop.IsCancellationRequested)
        {
            var connection = new NpgsqlConnection(settings);
            taken.Add(connection);
            try
            {
                await connection.OpenAsync(stop);
                if (taken.Count < Most)
                    continue;
            }
            catch (Exception full) when (full is NpgsqlException or OperationCanceledException)
            {
                taken.Remove(connection);
                await connection.DisposeAsync();
            }

            await Task.Delay(Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (var connection in taken)
            await connection.DisposeAsync();
    }
}
