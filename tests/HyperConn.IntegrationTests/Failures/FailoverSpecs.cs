using System.Collections.Concurrent;
using System.Diagnostics;
using HyperConn.Tests.Support;
using Npgsql;
using Xunit.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>A primary dies and its standby is promoted, under load, with streaming replication that acknowledges what the standby has.</summary>
[Collection(FailureCollection.Name)]
public sealed class FailoverSpecs(ITestOutputHelper output)
{
    private const int Workers = 32;
    private const int Budget = 20;
    private const int OpensAtOnce = 4;

    private static readonly TenantKey Writer = TenantKey.Create("core", "writer");
    private static readonly TenantKey Reader = TenantKey.Create("core", "reader");

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_acknowledged_write_is_lost_no_open_fails_and_writes_go_on_within_seconds_of_the_promotion(bool severalHosts)
    {
        var (a, b) = await ReplicaNode.StartPairAsync();
        await using var first = a;
        await using var second = b;
        await PrepareAsync(a);
        var secrets = new MemorySecretStore()
            .Put(Writer, severalHosts ? Uri($"127.0.0.1:{a.Port},127.0.0.1:{b.Port}", "read-write") : Uri($"127.0.0.1:{a.Port}"))
            .Put(Reader, Uri($"127.0.0.1:{a.Port},127.0.0.1:{b.Port}", "prefer-standby"));
        var opens = new OpenCounter(b.Port);
        await using var host = await PoolsHost.StartAsync(secrets, options =>
        {
            options.Servers.MaxConnections = Budget;
            options.Servers.MaxConcurrentOpens = OpensAtOnce;
            options.Connections.MaxPerTenant = 10;
            options.Pools.AcquireTimeout = TimeSpan.FromSeconds(30);
            options.Connections.ConfigureDataSource = (_, source) => source.UsePhysicalConnectionInitializer(_ => { }, opens.OnOpenAsync);
        });
        var writes = new Writes(host.Pools);
        await using var writing = Load.Start(Workers, writes.OneAsync);
        var readFaults = new ConcurrentQueue<Exception>();
        await using var reading = Load.Start(2, _ => ReadAsync(host.Pools, readFaults));
        using var stop = new CancellationTokenSource();
        var watch = Task.Run(() => WatchAsync(b, stop.Token));
        await writing.PassAsync(200);
        await reading.PassAsync(50);

        await using (var read = await host.Pools.OpenConnectionAsync(Reader))
            Assert.Equal(b.Port, read.Port);

        await a.KillAsync();
        await Task.Delay(500);
        var promoted = Stopwatch.GetTimestamp();
        await b.PromoteAsync();
        if (!severalHosts)
            secrets.Put(Writer, Uri($"127.0.0.1:{b.Port}"));
        if (!severalHosts)
            await host.Pools.RefreshAsync(Writer);
        await writing.PassAsync(300);
        await reading.PassAsync(50);

        // An old primary that comes back as a standby stands first in the list of hosts, and must get no writes.
        await a.FollowAsync(b);
        await writing.PassAsync(300);
        await writing.StopAsync();
        await reading.StopAsync();
        await stop.CancelAsync();
        var (mostSessions, samples) = await watch;

        var pause = writes.FirstAfter(promoted);
        var kept = await KeptAsync(b);
        output.WriteLine(
            $"{writes.Acknowledged.Count} writes acknowledged, {writes.Broken.Count} statements failed, first write {pause.TotalMilliseconds:0} ms after the promotion began, "
            + $"at most {opens.Most} opens at once and {mostSessions} sessions ({samples} samples) at the promoted server");
        Assert.Empty(writes.Refused);
        Assert.Empty(writes.Acknowledged.Except(kept));
        Assert.Empty(readFaults);
        Assert.True(writes.Broken.Count <= 4 * Workers, $"{writes.Broken.Count} statements failed, first: {writes.Broken.FirstOrDefault()}");
        Assert.DoesNotContain(writes.Broken, fault => fault is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction });
        Assert.InRange(opens.Most, 1, OpensAtOnce);
        Assert.InRange(mostSessions, 1, Budget);
        Assert.True(pause < TimeSpan.FromSeconds(30), $"The first write came {pause} after the promotion.");
    }

    private static async Task PrepareAsync(ReplicaNode primary)
    {
        await primary.ExecuteAsync("create role app login password 'secret'");
        await primary.ExecuteAsync("create table acknowledged (id uuid primary key)");
        await primary.ExecuteAsync("grant all on acknowledged to app");
    }

    private static string Uri(string hosts, string? target = null) =>
        $"postgresql://app:secret@{hosts}/postgres?sslmode=disable{(target is null ? "" : $"&target_session_attrs={target}")}";

    private static async Task ReadAsync(ITenantPools pools, ConcurrentQueue<Exception> faults)
    {
        try
        {
            await using var connection = await pools.OpenConnectionAsync(Reader);
            await using var command = new NpgsqlCommand("select count(*) from acknowledged", connection);
            Assert.NotNull(await command.ExecuteScalarAsync());
        }
        catch (Exception fault)
        {
            faults.Enqueue(fault);
            throw;
        }

        await Task.Delay(5);
    }

    private static async Task<(int Most, int Samples)> WatchAsync(ReplicaNode node, CancellationToken stop)
    {
        var (most, samples) = (0, 0);
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(node.Admin().ConnectionString) { Pooling = true, MaxPoolSize = 1 });
        while (!stop.IsCancellationRequested)
        {
            await using var command = source.CreateCommand("select count(*)::int from pg_stat_activity where usename = 'app'");
            most = Math.Max(most, (int)(await command.ExecuteScalarAsync(CancellationToken.None))!);
            samples++;
            await Task.Delay(10, CancellationToken.None);
        }

        return (most, samples);
    }

    private static async Task<HashSet<Guid>> KeptAsync(ReplicaNode node)
    {
        await using var connection = new NpgsqlConnection(node.Admin().ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select id from acknowledged", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var kept = new HashSet<Guid>();
        while (await reader.ReadAsync())
            kept.Add(reader.GetGuid(0));
        return kept;
    }

    /// <summary>Writes of the load: what the server acknowledged, and what became of the rest.</summary>
    private sealed class Writes(ITenantPools pools)
    {
        private readonly ConcurrentQueue<(long At, Guid Id)> _acknowledged = new();

        public IReadOnlyCollection<Guid> Acknowledged => [.. _acknowledged.Select(write => write.Id)];

        /// <summary>Opens that failed.</summary>
        public ConcurrentQueue<Exception> Refused { get; } = new();

        /// <summary>Statements that failed on an open connection.</summary>
        public ConcurrentQueue<Exception> Broken { get; } = new();

        public async Task OneAsync(int number)
        {
            NpgsqlConnection connection;
            try
            {
                connection = await pools.OpenConnectionAsync(Writer);
            }
            catch (Exception fault)
            {
                Refused.Enqueue(fault);
                throw;
            }

            await using (connection)
            {
                try
                {
                    var id = Guid.NewGuid();
                    await using var command = new NpgsqlCommand("insert into acknowledged values ($1)", connection);
                    command.Parameters.Add(new NpgsqlParameter { Value = id });
                    Assert.Equal(1, await command.ExecuteNonQueryAsync());
                    _acknowledged.Enqueue((Stopwatch.GetTimestamp(), id));
                }
                catch (Exception fault)
                {
                    Broken.Enqueue(fault);
                    throw;
                }
            }
        }

        public TimeSpan FirstAfter(long moment) =>
            Stopwatch.GetElapsedTime(moment, _acknowledged.Where(write => write.At > moment).Min(write => write.At));
    }

    /// <summary>Counts what is being opened at one server.</summary>
    private sealed class OpenCounter(int port)
    {
        private int _now;
        private int _most;

        public int Most => Volatile.Read(ref _most);

        public async Task OnOpenAsync(NpgsqlConnection connection)
        {
            if (connection.Port != port)
                return;
            var now = Interlocked.Increment(ref _now);
            for (var most = Most; now > most; most = Most)
                Interlocked.CompareExchange(ref _most, now, most);
            await Task.Delay(10);
            Interlocked.Decrement(ref _now);
        }
    }
}
