using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>Which sessions the deadline of a shutdown ends, and which it leaves alone.</summary>
[Collection(RoomyServerCollection.Name)]
public class SessionTerminatorTests(RoomyServer server)
{
    [SkippableFact]
    public async Task A_process_that_is_younger_than_the_moment_at_which_its_number_was_ours_lives_on()
    {
        var tenant = server.Tenants[0];
        // A machine that has been up for longer than credentials may be used.
        var time = new LeapingTime { Leap = TimeSpan.FromDays(30) };
        var runtime = new PoolRuntime(new HyperConnOptions { ProjectName = MemorySecretStore.Project }, time);
        Assert.True(PostgresCredentials.TryParse(tenant.ConnectionUri, out var credentials, out _));
        var pool = new PoolGeneration(
            runtime.Leases,
            tenant.Key,
            1,
            new GenerationCredentials(credentials, "v1", Moment.Of(runtime.Leases.Monotonic, runtime.Leases.Monotonic.Now), Moment.Never),
            [new ServerState(new ServerEndpoint(server.Server.Host, server.Server.Port))],
            new PoolOwner(runtime, Akka.Actor.ActorRefs.Nobody));
        pool.Desk.TakeAnyway(out _);
        await using var stranger = await OpenAsync(tenant.ConnectionUri);
        await using var ours = await OpenAsync(tenant.ConnectionUri);

        // The number was ours an hour ago. The process that has it now, of the same role and in the same database, was started since.
        pool.Connections.NoteSession(stranger.ProcessID);
        time.Leap += TimeSpan.FromHours(1);
        pool.Connections.NoteSession(ours.ProcessID);

        Assert.Equal(1, await SessionTerminator.TerminateAsync(pool, runtime.Leases, CancellationToken.None));

        await AskAsync(stranger);
        var ended = await Assert.ThrowsAnyAsync<NpgsqlException>(() => AskAsync(ours));
        Assert.True(ended is not PostgresException || ended.SqlState == PostgresErrorCodes.AdminShutdown, ended.Message);
        pool.Close();
    }

    private static async Task<NpgsqlConnection> OpenAsync(string uri)
    {
        Assert.True(PostgresCredentials.TryParse(uri, out var credentials, out _));
        var settings = credentials.ToNpgsql();
        (settings.Password, settings.Pooling) = (credentials.Password, false);
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task AskAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select 1", connection);
        Assert.Equal(1, await command.ExecuteScalarAsync());
    }

    /// <summary>The system's time, whose monotonic clock can be sent ahead.</summary>
    private sealed class LeapingTime : TimeProvider
    {
        public TimeSpan Leap { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Leap.TotalSeconds * TimestampFrequency);
    }
}
