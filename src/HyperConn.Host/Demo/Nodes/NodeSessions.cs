using System.Diagnostics;
using Npgsql;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>Counts every node's sessions at the server itself, every few milliseconds, on a connection of the administrator's.</summary>
internal sealed class NodeSessions(PostgresServer server, string prefix) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    // Who is still logging in has no application_name yet and counts all the same.
    private const string Query =
        """
        select coalesce(substring(application_name from ' (hc-[0-9a-f]{6}-[0-9a-f]{8})$'), ''), count(*)::int
        from pg_stat_activity where starts_with(usename, $1) and backend_type = 'client backend' group by 1
        """;

    private readonly NpgsqlDataSource _admin = NpgsqlDataSource.Create(Settings(server));
    private readonly Dictionary<string, int> _peaks = [];
    private readonly Lock _gate = new();
    private IReadOnlyDictionary<string, int> _now = new Dictionary<string, int>();

    /// <summary>Most sessions there were at once.</summary>
    public int Peak { get; private set; }

    /// <summary>Times they were counted.</summary>
    public int Counts { get; private set; }

    /// <summary>Sessions by the node's tag, when they were counted last.</summary>
    public IReadOnlyDictionary<string, int> Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    public int PeakOf(string tag)
    {
        lock (_gate)
            return _peaks.GetValueOrDefault(tag);
    }

    /// <summary>Counts until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Keep(await CountAsync());
            await Task.Delay(Interval, CancellationToken.None);
        }
    }

    /// <summary>Waits until something is so at the server.</summary>
    /// <returns>How long that took; null: it did not come.</returns>
    public async Task<TimeSpan?> WaitAsync(Func<IReadOnlyDictionary<string, int>, bool> isSo, TimeSpan patience, CancellationToken stop)
    {
        var watch = Stopwatch.StartNew();
        while (!isSo(Now))
        {
            if (watch.Elapsed > patience || stop.IsCancellationRequested)
                return null;
            await Task.Delay(Interval, CancellationToken.None);
        }

        return watch.Elapsed;
    }

    public ValueTask DisposeAsync() => _admin.DisposeAsync();

    private static string Settings(PostgresServer server)
    {
        var settings = server.Admin();
        settings.MaxPoolSize = 1;
        return settings.ConnectionString;
    }

    private async Task<Dictionary<string, int>> CountAsync()
    {
        var sessions = new Dictionary<string, int>();
        await using var command = _admin.CreateCommand(Query);
        command.Parameters.Add(new NpgsqlParameter { Value = prefix });
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            sessions[reader.GetString(0)] = reader.GetInt32(1);
        return sessions;
    }

    private void Keep(Dictionary<string, int> sessions)
    {
        lock (_gate)
        {
            _now = sessions;
            Counts++;
            Peak = Math.Max(Peak, sessions.Values.Sum());
            foreach (var (tag, count) in sessions)
                _peaks[tag] = Math.Max(_peaks.GetValueOrDefault(tag), count);
        }
    }
}
