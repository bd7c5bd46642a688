using Npgsql;

namespace HyperConn.Chaos.World;

/// <summary>Looks at a server every 5 ms, by a session of its own that no budget counts.</summary>
internal sealed class ServerWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    // Sessions over TCP of anybody but the superuser that initdb made. No joins: it runs two hundred times a second.
    private const string Question =
        "select coalesce(array_agg(client_port), '{}') from pg_stat_get_activity(null) where usesysid <> 10 and client_port is not null";

    private readonly CancellationTokenSource _stop = new();
    private readonly string _server;
    private readonly Action<IReadOnlyCollection<int>> _saw;
    private readonly Action _blind;
    private readonly Task _watching;

    /// <param name="admin">The superuser's settings.</param>
    /// <param name="saw">Told the client's ports of all sessions at each look.</param>
    /// <param name="blind">Told when the server can't be asked.</param>
    public ServerWatch(NpgsqlConnectionStringBuilder admin, Action<IReadOnlyCollection<int>> saw, Action blind)
    {
        admin.Pooling = false;
        admin.Timeout = 2;
        admin.CommandTimeout = 2;
        admin.ApplicationName = "chaos-watch";
        (_server, _saw, _blind) = (admin.ConnectionString, saw, blind);
        _watching = Task.Run(WatchAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await LookAsync();
            }
            catch (Exception away) when (away is NpgsqlException or OperationCanceledException)
            {
                _blind();
                await Task.Delay(100);
            }
        }
    }

    private async Task LookAsync()
    {
        await using var connection = new NpgsqlConnection(_server);
        await connection.OpenAsync(_stop.Token);
        await using var command = new NpgsqlCommand(Question, connection);
        await command.PrepareAsync(_stop.Token);
        using var timer = new PeriodicTimer(Interval);
        do
            _saw((int[])(await command.ExecuteScalarAsync(_stop.Token))!);
        while (await timer.WaitForNextTickAsync(_stop.Token));
    }
}
