namespace HyperConn.Chaos.World;

/// <summary>Everything that faults may happen to.</summary>
internal sealed class ChaosWorld : IAsyncDisposable
{
    private ChaosWorld(ChaosServers servers, SecretService secrets, LibraryLog log)
    {
        (Servers, Secrets) = (servers, secrets);
        Maker = new TenantMaker(servers, secrets, Tenants);
        Hosts = new HostKeeper(secrets.Url, Clock, Budgets, log);
    }

    public ChaosServers Servers { get; }

    public SecretService Secrets { get; }

    public ChaosClock Clock { get; } = new();

    public Budgets Budgets { get; } = new();

    public TenantBook Tenants { get; } = new();

    public TenantMaker Maker { get; }

    public HostKeeper Hosts { get; }

    /// <summary>Every endpoint that the manager knows.</summary>
    public IReadOnlyList<ServerEndpoint> Endpoints =>
    [
        Servers.Way.Endpoint, Servers.PoolerWay.Endpoint,
        new("127.0.0.1", Servers.Second.Primary.Port), new("127.0.0.1", Servers.Second.Standby.Port),
    ];

    /// <summary>Starts servers, pooler and secret store, makes tenants, and starts a host.</summary>
    /// <exception cref="Xunit.SkipException">A part is not to be had here.</exception>
    public static async Task<ChaosWorld> StartAsync(int tenants, LibraryLog log)
    {
        var secrets = await SecretService.StartAsync();
        ChaosServers? servers = null;
        try
        {
            servers = await ChaosServers.StartAsync();
            var world = new ChaosWorld(servers, secrets, log);
            await world.Maker.ProvisionAsync(tenants);
            await world.Hosts.StartAsync();
            return world;
        }
        catch
        {
            if (servers is not null)
                await servers.DisposeAsync();
            await secrets.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has the host carry out an operator's command. One that is being restarted does not.</summary>
    public async Task OrderAsync(OperatorCommand command)
    {
        try
        {
            await Hosts.Current.Operator.ExecuteAsync(command);
        }
        catch (Exception stopping) when (stopping is ObjectDisposedException or HyperConnException or OperationCanceledException)
        {
            // Whoever asks a host that stops gets no answer.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Hosts.StopAsync();
        await Servers.DisposeAsync();
        await Secrets.DisposeAsync();
    }
}
