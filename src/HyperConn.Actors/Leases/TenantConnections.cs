using HyperConn.Primitives;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>The physical connections of one generation: Npgsql's pool of them, and the one place that closes idle ones.</summary>
internal sealed class TenantConnections(NpgsqlDataSource dataSource, TimeProvider time, int maxConnections)
{
    // Disposing takes the lock under which Npgsql keeps the data sources of all tenants, and at an eviction the pool that takes the place is
    // being made just then: it should go first.
    private static readonly TimeSpan DisposalDelay = TimeSpan.FromMilliseconds(10);

    // Npgsql hands out an idle connection without looking at the token, and does not begin a new one under a token that is cancelled.
    private static readonly CancellationToken OnlyIdle = new(canceled: true);

    private readonly Lock _gate = new();
    private SessionNotes? _sessions;

    public NpgsqlDataSource DataSource => dataSource;

    /// <summary>Whether some hosts are only for when none of the preferred ones is there.</summary>
    public bool PrefersHosts { get; } = !ReferenceEquals(IdleSourceOf(dataSource), dataSource);

    /// <summary>
    /// The view of a data source that idle connections are taken from. Npgsql asks a host what it is over a connection, which then stays idle
    /// whatever the answer. Where one kind of host is preferred, it would take such a one of the other kind rather than open a new one.
    /// </summary>
    public static NpgsqlDataSource IdleSourceOf(NpgsqlDataSource dataSource) => dataSource is NpgsqlMultiHostDataSource several
        ? new NpgsqlConnectionStringBuilder(several.ConnectionString).TargetSessionAttributes switch
        {
            "prefer-standby" => several.WithTargetSession(TargetSessionAttributes.Standby),
            "prefer-primary" => several.WithTargetSession(TargetSessionAttributes.Primary),
            _ => several,
        }
        : dataSource;

    /// <summary>Begins to open a connection, if one is idle. Nothing is sent, nothing waited for.</summary>
    /// <returns>Ended well: one was idle and is open. Cancelled: none is idle, and the connection is as it was.</returns>
    public static Task OpenIdle(NpgsqlConnection connection) => connection.OpenAsync(OnlyIdle);

    /// <summary>
    /// Closes what is idle; what is in use closes when it comes back. Permits that go back to a budget go after it, or the server would for
    /// a moment have a session more than permits.
    /// </summary>
    /// <param name="forgetHosts">Something went wrong: which of several hosts is the primary, and which is away, is to be found out anew.</param>
    public void CloseIdle(bool forgetHosts = false)
    {
        if (forgetHosts)
            ForgetHosts();
        // Two overlapping Clear calls of Npgsql can leave a connection of the earlier one idle.
        lock (_gate)
            dataSource.Clear();
    }

    /// <summary>
    /// Closes a connection for good, which was opened while the process stood still and its share of the server lapsed. Npgsql closes a connection
    /// only together with what else is idle.
    /// </summary>
    public async ValueTask DropAsync(NpgsqlConnection connection)
    {
        await connection.DisposeAsync().ConfigureAwait(false);
        CloseIdle();
    }

    /// <summary>
    /// Has Npgsql ask several hosts again what they are. It remembers that for ten seconds (Host Recheck Seconds), and would not see for as
    /// long that a standby was promoted.
    /// </summary>
    public void ForgetHosts() => (dataSource as NpgsqlMultiHostDataSource)?.ClearDatabaseStates();

    /// <summary>Notes the server process of a connection that is open.</summary>
    public void NoteSession(NpgsqlConnection connection) => NoteSession(connection.ProcessID);

    /// <summary>Notes a server process.</summary>
    public void NoteSession(int processId)
    {
        lock (_gate)
            (_sessions ??= new SessionNotes()).Add(processId, MonotonicClock.NowOf(time), maxConnections);
    }

    /// <summary>The server processes of connections opened lately; some may be closed by now.</summary>
    public IReadOnlyList<(int Process, TimeSpan OursAt)> Sessions
    {
        get
        {
            lock (_gate)
                return _sessions?.All ?? [];
        }
    }

    /// <summary>Disposes the data source, a moment later and on another thread: it closes sockets, and may wait for a lock.</summary>
    public void DisposeLater() => _ = DisposeLaterAsync();

    private async Task DisposeLaterAsync()
    {
        await Task.Delay(DisposalDelay, time).ConfigureAwait(false);
        await dataSource.DisposeAsync().ConfigureAwait(false);
        await SeveralHosts.Of(dataSource).DisposeAsync().ConfigureAwait(false);
    }
}
