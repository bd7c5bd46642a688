using System.Collections.Concurrent;
using System.Data;
using System.Diagnostics;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>Who took the leases that are open: for development, where <see cref="DiagnosticsOptions.CaptureLeaseStacks"/> is on.</summary>
internal sealed class LeaseStacks(TimeProvider time)
{
    private readonly ConcurrentDictionary<NpgsqlConnection, Taken> _open = new(ReferenceEqualityComparer.Instance);

    /// <summary>Remembers the caller's stack for as long as the connection is open.</summary>
    public ValueTask<NpgsqlConnection> TrackAsync(TenantKey tenant, ValueTask<NpgsqlConnection> opening)
    {
        // Taken here and not after the wait, where the stack is the thread pool's.
        var stack = new StackTrace(skipFrames: 2, fNeedFileInfo: true);
        return WaitAsync();

        async ValueTask<NpgsqlConnection> WaitAsync()
        {
            var connection = await opening.ConfigureAwait(false);
            _open[connection] = new Taken(tenant, time.GetTimestamp(), stack);
            connection.StateChange += OnStateChange;
            return connection;
        }
    }

    /// <inheritdoc cref="TrackAsync"/>
    public NpgsqlConnection Track(TenantKey tenant, NpgsqlConnection connection)
    {
        _open[connection] = new Taken(tenant, time.GetTimestamp(), new StackTrace(skipFrames: 2, fNeedFileInfo: true));
        connection.StateChange += OnStateChange;
        return connection;
    }

    /// <summary>The stack of the tenant's oldest open lease, or null.</summary>
    public string? OldestOf(TenantKey tenant) =>
        _open.Values.Where(taken => taken.Tenant == tenant).MinBy(taken => taken.At)?.Stack.ToString();

    private void OnStateChange(object sender, StateChangeEventArgs change)
    {
        if (change.CurrentState != ConnectionState.Open)
            _open.TryRemove((NpgsqlConnection)sender, out _);
    }

    private sealed record Taken(TenantKey Tenant, long At, StackTrace Stack);
}
