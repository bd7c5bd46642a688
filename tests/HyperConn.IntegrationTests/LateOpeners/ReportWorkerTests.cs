using System.Diagnostics;
using System.Text.Json;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.LateOpeners;

/// <summary>The sample as a process, as a user starts it.</summary>
[Collection(RoomyServerCollection.Name)]
public class ReportWorkerTests(RoomyServer server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(200);

    [SkippableFact]
    public async Task It_reports_over_all_tenants_and_a_bad_one_is_a_line_of_the_report()
    {
        // An organisation's first service is core.
        var shops = server.Tenants.Where(tenant => tenant.Key.Service == "core").Take(12).ToList();
        for (var i = 0; i < shops.Count; i++)
            await SellAsync(shops[i].ConnectionUri, i);
        var secrets = Path.Combine(Path.GetTempPath(), $"reports-{Guid.NewGuid():N}.json");
        var all = shops.ToDictionary(shop => $"shop-{shop.Key.Org}", shop => Entry(shop.ConnectionUri));
        all["shop-zz-bad"] = new() { ["billing-postgresql"] = "postgresql://app:s3cret@127.0.0.1:1/db" };
        await File.WriteAllTextAsync(secrets, JsonSerializer.Serialize(all));
        try
        {
            var (code, output) = await RunAsync(["--Report:Every=00:00:00", $"--HyperConn:Secrets:File:Path={secrets}", "--HyperConn:Servers:MaxConnections=5", "--HyperConn:Pools:AcquireTimeout=00:01:30"]);

            Assert.True(code == 0, output);
            Assert.Equal(
                shops.Select((shop, i) => $"{shop.Key.Org}\t{i}\t{i * 2.5m:0.0}\tok".Replace("\t0.0\t", "\t0\t", StringComparison.Ordinal))
                    .Append("zz-bad\t0\t0\tKeyNotFound")
                    .Append("total\t66\t165.0\t1 of 13 not asked"),
                output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            File.Delete(secrets);
        }

        static Dictionary<string, string> Entry(string uri) => new() { ["core-postgresql"] = uri };
    }

    private static async Task SellAsync(string uri, int orders)
    {
        var settings = PostgresUri.Parse(uri).ToNpgsql();
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create table orders (amount numeric); insert into orders select 2.5 from generate_series(1, {orders})", connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<(int Code, string Output)> RunAsync(string[] arguments)
    {
        var folder = SampleFiles.BuiltTo("ReportWorker");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(folder, "ReportWorker.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
        })!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, output);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
