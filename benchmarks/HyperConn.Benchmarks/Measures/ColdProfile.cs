using System.Diagnostics;
using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Where the time of a cold open goes, from the call to the first row, by what passes on the wire.</summary>
internal sealed class ColdProfile : Measure
{
    private static readonly string[] Phases =
    [
        "pool, secret, messages, data source, permit, until the server is called",
        "the server begins a session and asks for the login",
        "SCRAM, the client's part",
        "SCRAM, the server's part, and the session's start",
        "types: asked for, answered, taken up",
        "select 1, until its row is read",
        "all",
    ];

    public override string Name => "cold-profile";

    /// <summary>Tenants.</summary>
    public override int DefaultRounds => 60;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(rounds, maxConnections: 60);
        await using var wire = new WireTimes(tenants.Server.Admin().Port);
        var store = tenants.Store(port: wire.Port);
        await using var manager = await Manager.StartAsync(store, options =>
        {
            options.Connections.ShareTypes = true;
            options.Secrets.BatchWindow = TimeSpan.Zero;
        });
        var (rival, ours) = (Columns(), Columns());
        for (var round = -5; round < rounds; round++)
        {
            var tenant = tenants.Keys[(round + rounds) % rounds];
            double[][] times = [await BareAsync(tenant), []];
            await tenants.QuietAsync();
            times[1] = await OursAsync(tenant);
            await tenants.QuietAsync();
            for (var phase = 0; round >= 0 && phase < Phases.Length; phase++)
            {
                rival[phase].Add(times[0][phase]);
                ours[phase].Add(times[1][phase]);
            }
        }

        for (var phase = 0; phase < Phases.Length; phase++)
        {
            var (a, b) = (Comparison.Quantile(rival[phase], 0.5), Comparison.Quantile(ours[phase], 0.5));
            yield return new Row(
                $"cold open: {Phases[phase]}", "bare NpgsqlDataSource", Microseconds(a), Microseconds(b), null, $"medians of {rounds} tenants", "", null);
        }

        async Task<double[]> BareAsync(TenantKey tenant)
        {
            var began = Stopwatch.GetTimestamp();
            var settings = tenants.SettingsOf(tenant, maxPoolSize: 10);
            settings.Port = wire.Port;
            await using var source = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = tenant.ToString() }.Build();
            return await TimeAsync(() => source.OpenConnectionAsync(), began);
        }

        async Task<double[]> OursAsync(TenantKey tenant)
        {
            var times = await TimeAsync(() => manager.Pools.OpenConnectionAsync(tenant), Stopwatch.GetTimestamp());
            await manager.Pools.EvictAsync(tenant);
            return times;
        }

        async Task<double[]> TimeAsync(Func<ValueTask<NpgsqlConnection>> open, long began)
        {
            wire.Take();
            long ended;
            await using (var connection = await open())
            {
                await Storm.SelectOneAsync(connection);
                ended = Stopwatch.GetTimestamp();
            }

            var noted = wire.Take();
            return Divide(began, noted, ended);
        }
    }

    private static List<double>[] Columns() => [.. Phases.Select(_ => new List<double>())];

    private static string Microseconds(double value) => Units.Text(value, "0", "µs");

    /// <summary>Divides the time at what was noted: four turns of the login (begin, challenge, proof, welcome), types, and the statement.</summary>
    private static double[] Divide(long began, IReadOnlyList<(long At, WireEvent What)> noted, long ended)
    {
        var connected = noted.First(e => e.What == WireEvent.Connected).At;
        var login = noted.Where(e => e.What == WireEvent.Login).Select(e => e.At).ToArray();
        var welcome = noted.First(e => e.What == WireEvent.Ready).At;
        var (first, second) = (NextSent(login[0]), NextSent(login[1]));
        var statement = noted.Last(e => e.What == WireEvent.Sent && e.At < noted.Last(r => r.What == WireEvent.Ready).At).At;
        return
        [
            Between(began, connected),
            Between(connected, login[0]),
            Between(login[0], first) + Between(login[1], second),
            Between(first, login[1]) + Between(second, welcome),
            Between(welcome, statement),
            Between(statement, ended),
            Between(began, ended),
        ];

        long NextSent(long after) => noted.First(e => e.What == WireEvent.Sent && e.At > after).At;

        static double Between(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMicroseconds;
    }
}
