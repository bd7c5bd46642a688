namespace HyperConn.Host.Demo;

/// <summary>
/// Rotates credentials while the demo runs, by turns in the two ways AWS's rotation functions do it: one tenant's password changes in the
/// database and then in the secret; another's second user gets a new password and then takes the first one's place in the secret.
/// </summary>
internal sealed partial class SecretRotation(TenantProvisioner provisioner, SecretsFile secrets, TimeSpan interval, Random random, ILogger logger)
{
    // The busiest tenants, where a slip would be seen at once.
    private const int Hottest = 20;
    private int _done;

    /// <summary>Rotations so far.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>Rotates until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                await RotateAsync();
        }
        catch (OperationCanceledException)
        {
            // Stopped between two rotations; one that has begun is finished.
        }
    }

    private async Task RotateAsync()
    {
        var tenant = provisioner.Tenants[random.Next(Math.Min(Hottest, provisioner.Tenants.Count))];
        try
        {
            if (Done % 2 == 0)
                await provisioner.ChangePasswordAsync(tenant);
            else
                await provisioner.AlternateUserAsync(tenant);
            await secrets.WriteAsync();
            Interlocked.Increment(ref _done);
        }
        catch (Npgsql.NpgsqlException e)
        {
            LogFailed(tenant.Key, e.Message);
        }
    }

    [LoggerMessage(EventId = 4101, EventName = "DemoRotationFailed", Level = LogLevel.Warning, Message = "The credentials of {Tenant} could not be rotated: {Message}")]
    private partial void LogFailed(TenantKey tenant, string message);
}
