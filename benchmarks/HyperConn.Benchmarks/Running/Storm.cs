using System.Diagnostics;
using Npgsql;

namespace HyperConn.Benchmarks.Running;

/// <summary>Many callers at once, each with one <c>select 1</c> on a connection of its own.</summary>
internal static class Storm
{
    /// <param name="Milliseconds">From the first caller to the last one's end.</param>
    /// <param name="Errors">Callers that failed.</param>
    public readonly record struct Outcome(double Milliseconds, int Errors);

    /// <param name="callers">How many; they go round the tenants.</param>
    /// <param name="tenants">The tenants.</param>
    /// <param name="open">Opens a tenant's connection.</param>
    public static async Task<Outcome> RunAsync(int callers, IReadOnlyList<TenantKey> tenants, Func<TenantKey, ValueTask<NpgsqlConnection>> open)
    {
        var errors = 0;
        var all = new Task[callers];
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < callers; i++)
        {
            var tenant = tenants[i % tenants.Count];
            all[i] = Task.Run(() => CallAsync(tenant));
        }

        await Task.WhenAll(all);
        return new Outcome(Stopwatch.GetElapsedTime(began).TotalMilliseconds, errors);

        async Task CallAsync(TenantKey tenant)
        {
            try
            {
                await using var connection = await open(tenant);
                await SelectOneAsync(connection);
            }
            catch (Exception exception) when (exception is NpgsqlException or HyperConnException or TimeoutException)
            {
                Interlocked.Increment(ref errors);
            }
        }
    }

    public static async Task SelectOneAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select 1", connection);
        if (await command.ExecuteScalarAsync() is not 1)
            throw new InvalidOperationException();
    }
}
