using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Amazon.SQS.Model;
using HyperConn.Host.Demo;
using HyperConn.Testing;
using HyperConn.Tests;
using Npgsql;
using Xunit.Abstractions;

namespace HyperConn.Events.Sqs.Tests;

/// <summary>The sample as a process, against an emulator of SQS and a real PostgreSQL: killed again and again, every order counts
/// once.</summary>
public sealed class OrderWorkerTests(SqsFixture sqs, ITestOutputHelper output) : IClassFixture<SqsFixture>
{
    private const int Tenants = 8;

    // SIGKILL, SIGTERM and SIGKILL with the server's; the long form has more of each.
    private static readonly int Kills = Environment.GetEnvironmentVariable("HYPERCONN_SOAK_SECONDS") is null ? 3 : 12;

    private static readonly string Build = SampleFiles.BuiltTo("OrderWorker");

    [SkippableTheory]
    [InlineData(false, 40)]
    [InlineData(true, 10)]
    public async Task Every_order_counts_once_whatever_is_killed(bool fifo, int ordersPerKill)
    {
        var orders = ordersPerKill * (Kills + 1);
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}, {orders} orders, {Kills} kills");
        var random = new Random(seed);
        var queue = await sqs.QueueAsync(fifo);
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        await using var shops = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = Tenants, OwnDatabases = Tenants, Services = ["core"] });
        await OpenShopsAsync(shops);
        using var secrets = new SecretsFile(Path.Combine(Path.GetTempPath(), $"orders-{Guid.NewGuid():N}.json"), "shop", [.. shops.Tenants]);
        await secrets.WriteAsync();
        try
        {
            await SendAsync(queue, shops, orders);
            for (var kill = 1; kill <= Kills; kill++)
            {
                await using var worker = new Worker(queue, sqs.Url, secrets.Path, output);
                // Some of it is done, and some of it is under way.
                var mark = random.Next((kill - 1) * ordersPerKill, kill * ordersPerKill) + 1;
                await SourcePump.UntilAsync(
                    async () => worker.HasExited || (worker.IsUp && await CountAsync(shops) >= mark), $"{mark} orders");
                Assert.False(worker.HasExited, "it ended by itself");
                if (kill % 3 == 0)
                {
                    await server.Control!.KillAsync();
                    await server.Control.StartAsync();
                }

                if (kill % 2 == 0)
                    Assert.Equal(0, await worker.TerminateAsync());
                else
                    worker.Kill();
            }

            await using var last = new Worker(queue, sqs.Url, secrets.Path, output);
            // The others may have left it nothing to do; until it is up, a signal ends it as the runtime likes.
            await SourcePump.UntilAsync(async () => last.IsUp && await queue.CountAsync() == 0, "the queue is empty");
            Assert.Equal(0, await last.TerminateAsync());
            await CheckAsync(shops, orders, fifo);
        }
        finally
        {
            File.Delete(secrets.Path);
        }
    }

    [SkippableFact]
    public async Task An_order_that_can_t_be_read_ends_in_the_dead_letter_queue_and_the_others_count()
    {
        var queue = await sqs.QueueAsync(maxReceives: 2);
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        await using var shops = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = Tenants, OwnDatabases = Tenants, Services = ["core"] });
        await OpenShopsAsync(shops);
        using var secrets = new SecretsFile(Path.Combine(Path.GetTempPath(), $"orders-{Guid.NewGuid():N}.json"), "shop", [.. shops.Tenants]);
        await secrets.WriteAsync();
        try
        {
            var org = shops.Tenants[0].Key.Org;
            await queue.SendTextAsync($$$"""{"service":"core","org":"{{{org}}}","type":"order.placed","id":"bad","data":{"number":"many"}}""");
            await SendAsync(queue, shops, 40);
            await using var worker = new Worker(queue, sqs.Url, secrets.Path, output);

            await SourcePump.UntilAsync(async () => await queue.CountAsync() == 0, "the queue is empty");
            Assert.Equal(0, await worker.TerminateAsync());

            Assert.Contains("\"id\":\"bad\"", Assert.Single(await queue.PeekAsync(queue.DeadUrl)).Body, StringComparison.Ordinal);
            await CheckAsync(shops, 40, inOrder: false);
        }
        finally
        {
            File.Delete(secrets.Path);
        }
    }

    private static async Task SendAsync(TestQueue queue, TenantProvisioner shops, int orders)
    {
        foreach (var chunk in Enumerable.Range(0, orders).Chunk(10))
        {
            await queue.Client.SendMessageBatchAsync(queue.Url, [.. chunk.Select(i =>
            {
                var org = shops.Tenants[i % Tenants].Key.Org;
                var order = string.Create(CultureInfo.InvariantCulture, $$"""{"number":{{i}},"customer":"c{{i % 3}}","amount":{{i}}.5}""");
                var entry = new SendMessageBatchRequestEntry(
                    $"{i}", $$"""{"service":"core","org":"{{org}}","type":"order.placed","id":"o-{{i}}","data":""" + order + "}");
                if (queue.IsFifo)
                    (entry.MessageGroupId, entry.MessageDeduplicationId) = (org, $"o-{i}");
                return entry;
            })]);
        }
    }

    private static async Task OpenShopsAsync(TenantProvisioner shops)
    {
        var sql = await File.ReadAllTextAsync(Path.Combine(SampleFiles.SourceOf("OrderWorker"), "orders.sql"));
        foreach (var shop in shops.Tenants)
            await RunAsync(shop, sql);
    }

    private static async Task<long> CountAsync(TenantProvisioner shops)
    {
        long count = 0;
        foreach (var shop in shops.Tenants)
        {
            try
            {
                count += await RunAsync(shop, "select count(*) from orders");
            }
            catch (NpgsqlException)
            {
                // The server is being killed.
            }
        }

        return count;
    }

    private static async Task CheckAsync(TenantProvisioner shops, int orders, bool inOrder)
    {
        for (var i = 0; i < Tenants; i++)
        {
            var mine = Enumerable.Range(0, orders).Where(order => order % Tenants == i).ToList();
            await using var connection = await OpenAsync(shops.Tenants[i]);
            var placed = new List<int>();
            await using (var command = new NpgsqlCommand("select number from orders order by placed_at", connection))
            await using (var reader = await command.ExecuteReaderAsync())
                while (await reader.ReadAsync())
                    placed.Add((int)reader.GetInt64(0));
            Assert.Equal(mine, inOrder ? placed : placed.Order());
            // Had one been added up twice, or without its order, these would differ.
            await using var sums = new NpgsqlCommand("select sum(orders)::bigint, sum(total) from customers", connection);
            await using var row = await sums.ExecuteReaderAsync();
            Assert.True(await row.ReadAsync());
            Assert.Equal((mine.Count, mine.Sum(order => order + 0.5m)), (row.GetInt64(0), row.GetDecimal(1)));
        }
    }

    private static async Task<long> RunAsync(ProvisionedTenant shop, string sql)
    {
        await using var connection = await OpenAsync(shop);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() as long? ?? 0;
    }

    private static async Task<NpgsqlConnection> OpenAsync(ProvisionedTenant shop)
    {
        var settings = PostgresUri.Parse(shop.ConnectionUri).ToNpgsql();
        settings.Pooling = false;
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>The sample's process.</summary>
    private sealed class Worker : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly ConcurrentQueue<string> _lines = new();
        private readonly ITestOutputHelper _output;

        public Worker(TestQueue queue, string endpoint, string secrets, ITestOutputHelper output)
        {
            _output = output;
            string[] arguments =
            [
                Path.Combine(Build, "OrderWorker.dll"),
                $"--Sqs:Queue={queue.Name}", $"--Sqs:ServiceUrl={endpoint}", "--Sqs:Region=us-east-1", "--Sqs:AccessKeyId=a", "--Sqs:SecretAccessKey=b",
                "--Sqs:VisibilityTimeout=00:00:02", "--Sqs:WaitTime=00:00:01",
                // The emulator forgets a group's order when several of its messages come back at once.
                $"--Sqs:BatchSize={(queue.IsFifo ? 1 : 10)}", "--Sqs:Receivers=1",
                $"--HyperConn:Secrets:File:Path={secrets}",
            ];
            _process = Process.Start(new ProcessStartInfo("dotnet", arguments)
            {
                WorkingDirectory = Build,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            _process.OutputDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
            _process.ErrorDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        /// <summary>Whether it hears signals.</summary>
        public bool IsUp => _lines.Any(line => line.Contains("Application started", StringComparison.Ordinal));

        public bool HasExited => _process.HasExited;

        public void Kill() => _process.Kill();

        public async Task<int> TerminateAsync()
        {
            using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
                await kill.WaitForExitAsync();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
            await _process.WaitForExitAsync(patience.Token);
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
            foreach (var line in _lines.TakeLast(20))
                _output.WriteLine(line);
        }
    }
}
