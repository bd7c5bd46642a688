using HyperConn.Host.Demo;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Tests.Support;

/// <summary>
/// Compares, all the time, the sessions on a server with the limit and with the permits granted.
/// </summary>
/// <remarks>
/// A session is a row of <c>pg_stat_activity</c> of one of the tenants' roles, from the backend's start to its end. A backend whose client
/// has closed the socket ends when it is scheduled next, so a session may outlive its permit by <see cref="Exit"/>: sessions are compared
/// with the most permits that were out at any time since then. Within the limit there is no such grace.
/// </remarks>
internal sealed class SessionWatch : IAsyncDisposable
{
    private static readonly TimeSpan Exit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlDataSource _admin;
    private readonly string _prefix;
    private readonly Func<ServerState?> _server;
    private readonly Queue<(long At, int Granted)> _history = new();
    private readonly Lock _gate = new();
    private readonly List<string> _faults = [];
    private readonly Task _sampling;
    private readonly Thread _recording;

    public SessionWatch(PostgresServer server, TenantProvisioner tenants, Func<ServerState?> state)
    {
        var settings = server.Admin();
        settings.MaxPoolSize = 1;
        settings.ApplicationName = "session-watch";
        _admin = NpgsqlDataSource.Create(settings);
        (_prefix, _server) = (tenants.Prefix, state);
        _recording = new Thread(Record) { IsBackground = true, Priority = ThreadPriority.AboveNormal };
        _recording.Start();
        _sampling = Task.Run(SampleAsync);
    }

    public int Samples { get; private set; }

    public int Peak { get; private set; }

    public int PeakGranted { get; private set; }

    /// <summary>Sessions right now.</summary>
    public async Task<int> CountAsync()
    {
        await using var command = _admin.CreateCommand("select count(*)::int from pg_stat_activity where starts_with(usename, $1)");
        command.Parameters.Add(new NpgsqlParameter { Value = _prefix });
        return (int)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The sessions, for a failure's text.</summary>
    public async Task<string> DescribeAsync()
    {
        await using var command = _admin.CreateCommand(
            "select string_agg(concat_ws(' ', pid, usename, state, state_change - backend_start, now() - backend_start, query), E'\\n') from pg_stat_activity where starts_with(usename, $1)");
        command.Parameters.Add(new NpgsqlParameter { Value = _prefix });
        return await command.ExecuteScalarAsync() as string ?? "none";
    }

    /// <summary>Waits for the last sessions to go.</summary>
    public async Task AssertNoneAsync()
    {
        var since = TimeProvider.System.GetTimestamp();
        while (await CountAsync() > 0)
        {
            if (TimeProvider.System.GetElapsedTime(since) > Patience)
                Assert.Fail($"Sessions are left: {await DescribeAsync()}");
            await Task.Delay(20);
        }
    }

    public void AssertNeverExceeded()
    {
        lock (_gate)
            Assert.True(_faults.Count == 0, string.Join("\n", _faults.Take(10)));
        Assert.True(Samples > 5, $"Only {Samples} samples were taken.");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        _recording.Join();
        await _admin.DisposeAsync();
        _stop.Dispose();
    }

    private void Record()
    {
        while (!_stop.Token.WaitHandle.WaitOne(1))
        {
            var granted = _server()?.Granted ?? 0;
            lock (_gate)
            {
                PeakGranted = Math.Max(PeakGranted, granted);
                _history.Enqueue((TimeProvider.System.GetTimestamp(), granted));
                while (_history.Count > 20_000)
                    _history.Dequeue();
            }
        }
    }

    private async Task SampleAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var began = TimeProvider.System.GetTimestamp();
            var sessions = await CountAsync();
            var (granted, limit) = (_server()?.Granted ?? 0, _server()?.Limit ?? int.MaxValue);
            lock (_gate)
            {
                foreach (var (at, count) in _history)
                {
                    if (TimeProvider.System.GetElapsedTime(at, began) < Exit)
                        granted = Math.Max(granted, count);
                }

                Samples++;
                Peak = Math.Max(Peak, sessions);
                if (sessions > granted)
                    _faults.Add($"{sessions} sessions, but no more than {granted} permits were out.");
                if (sessions > limit)
                    _faults.Add($"{sessions} sessions, but the limit is {limit}.");
            }

            await Task.Delay(10);
        }
    }
}
