using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests.Support;

/// <summary>Counts the tenants' sessions at the server itself, every 5 ms, and keeps what was most.</summary>
internal sealed class ServerSessions : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlDataSource _admin;
    private readonly string _prefix;
    private readonly Task _sampling;
    private int _peak;

    public ServerSessions(PostgresServer server, TenantProvisioner tenants)
    {
        var settings = server.Admin();
        settings.ApplicationName = "session-count";
        _admin = NpgsqlDataSource.Create(settings);
        _prefix = tenants.Prefix;
        _sampling = Task.Run(SampleAsync);
    }

    /// <summary>Most sessions there were at once.</summary>
    public int Peak => Volatile.Read(ref _peak);

    public int Samples { get; private set; }

    /// <summary>Sessions now, of all or of those whose <c>application_name</c> ends so.</summary>
    public async Task<int> CountAsync(string suffix = "")
    {
        await using var command = _admin.CreateCommand(
            "select count(*)::int from pg_stat_activity where starts_with(usename, $1) and application_name like '%' || $2 and backend_type = 'client backend'");
        command.Parameters.Add(new NpgsqlParameter { Value = _prefix });
        command.Parameters.Add(new NpgsqlParameter { Value = suffix });
        return (int)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        await _admin.DisposeAsync();
        _stop.Dispose();
    }

    private async Task SampleAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var sessions = await CountAsync();
            if (sessions > _peak)
                Volatile.Write(ref _peak, sessions);
            Samples++;
            await Task.Delay(5);
        }
    }
}
