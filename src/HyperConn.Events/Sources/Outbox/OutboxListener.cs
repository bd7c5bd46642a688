using Npgsql;

namespace HyperConn.Events.Sources;

/// <summary>Listens for notifications of the outbox. The poll is the net below it: a fault costs a second, not an event.</summary>
internal sealed class OutboxListener(
    Func<CancellationToken, ValueTask<NpgsqlConnection>> open, OutboxOptions options, OutboxFaults faults, TimeProvider time, Action wake)
{
    // A connection that nobody returns looks like a leak, and a server that is gone says nothing: so it is taken anew.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken stop)
    {
        var backoff = new GrowingPause(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stop).ConfigureAwait(false);
                backoff.Reset();
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                faults.Note("Listening", fault);
                await Task.Delay(backoff.Next(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(CancellationToken stop)
    {
        await using var connection = await open(stop).ConfigureAwait(false);
        connection.Notification += OnNotification;
        try
        {
            await using (var listen = new NpgsqlCommand($"listen \"{OutboxSql.Channel(options.Table)}\"", connection))
                await listen.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
            // What was notified before is in the table.
            wake();
            var started = time.GetTimestamp();
            while (Longest - time.GetElapsedTime(started) is { Ticks: > 0 } left)
                await connection.WaitAsync(left, stop).ConfigureAwait(false);
            await using var unlisten = new NpgsqlCommand("unlisten *", connection);
            await unlisten.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            connection.Notification -= OnNotification;
        }
    }

    private void OnNotification(object sender, NpgsqlNotificationEventArgs e) => wake();
}
