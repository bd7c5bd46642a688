using HyperConn.Benchmarks.Running;
using Npgsql;

namespace HyperConn.Benchmarks.Measures;

/// <summary>Opening a connection that must be asked before it is handed out, as after a silence of its server, against asking it oneself.</summary>
internal sealed class ProbedOpen : Measure
{
    private const int Repetitions = 50;

    public override string Name => "probe";

    public override int DefaultRounds => 300;

    public override bool WantsFreshProcesses => true;

    public override async IAsyncEnumerable<Row> RunAsync(int rounds, Action<string> say)
    {
        await using var tenants = await Tenants.CreateAsync(1, maxConnections: 100);
        var key = tenants.Keys[0];

        // Every connection is asked: which of them is in doubt does not change what asking costs.
        await using var manager = await Manager.StartAsync(tenants.Store(), o => o.Connections.ValidateAfter = TimeSpan.Zero);
        await using var bare = NpgsqlDataSource.Create(tenants.SettingsOf(key, 10));
        await OpenAndAskAsync(bare, 1);
        await HotOpen.OpenAsync(manager.Pools, key, 1);

        var opens = 0L;
        var before = await manager.Pools.GetStatisticsAsync();
        var probed = await Comparison.RunNanosecondsAsync(rounds, Repetitions, n => OpenAndAskAsync(bare, n), n =>
        {
            opens += n;
            return HotOpen.OpenAsync(manager.Pools, key, n);
        });
        var after = await manager.Pools.GetStatisticsAsync();
        yield return FactRow("open+close, the connection asked first", "bare NpgsqlDataSource, open + select 1 + close", probed, Units.Nanoseconds);

        var probes = after.Probes - before.Probes;
        yield return new Row(
            "of these opens, asked", "", $"{opens}", $"{probes}", null, "", "all, and none cold", probes == opens && after.ColdAcquisitions == before.ColdAcquisitions);
    }

    private static async Task OpenAndAskAsync(NpgsqlDataSource source, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await using var connection = await source.OpenConnectionAsync();
            await using var command = new NpgsqlCommand("select 1", connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
