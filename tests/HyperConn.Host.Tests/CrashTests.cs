using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HyperConn.Host.Demo;
using Npgsql;
using Xunit.Abstractions;

namespace HyperConn.Tests;

/// <summary>
/// 5,000 events of 40 tenants in a spool; meanwhile the host is killed and told to stop at random moments, PostgreSQL is killed and the secret
/// store goes away. At the end every event has taken effect exactly once, in order for each tenant. The short form ends the host a few times;
/// with <c>HYPERCONN_SOAK_SECONDS</c> set it does so 30 times, kills PostgreSQL 5 times and takes the store away for 10 s twice.
/// <c>HYPERCONN_CRASH_SEED</c> repeats a run.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output) : IDisposable
{
    private const int Events = 5_000;
    private const int Tenants = 40;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HYPERCONN_SOAK_SECONDS") is { Length: > 0 };

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-crash-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task However_often_host_and_server_are_killed_every_event_takes_effect_exactly_once_and_in_order()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("HYPERCONN_CRASH_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = 60 });
        // What is on a server of our own goes with it.
        var provisioner = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = Tenants, OwnDatabases = 3, Services = ["core"] });
        var config = await ConfigureAsync(provisioner);
        var spool = Directory.CreateDirectory(Path.Combine(_folder, "spool")).FullName;
        var (ends, serverKills, outages) = IsLong ? (30, 5, 2) : (5, 1, 1);
        var plan = Enumerable.Repeat("end", ends).Concat(Enumerable.Repeat("server", serverKills)).Concat(Enumerable.Repeat("store", outages))
            .OrderBy(_ => random.Next()).ToList();
        var (expected, files) = Write(provisioner.Tenants, 1 + plan.Count, random);
        var atWork = 0;
        await FillAsync(spool, files.Take(1));
        var host = HostProcess.Start("run", "--config", config, "--events", spool);
        try
        {
            foreach (var (what, file) in plan.Zip(files.Skip(1)))
            {
                // A host that is quicker than this test has nothing left to be disturbed at: there is more with each.
                await UntilAtWorkAsync(host, spool);
                await FillAsync(spool, [file]);
                await Task.Delay(random.Next(0, 1_000));
                atWork += Directory.EnumerateFiles(spool, "*.jsonl").Any() ? 1 : 0;
                switch (what)
                {
                    case "server":
                        await server.Control!.KillAsync();
                        await Task.Delay(random.Next(500, 2_000));
                        await server.Control.StartAsync();
                        break;
                    case "store":
                        host = await WithoutStoreAsync(host, IsLong ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(3), config, spool);
                        break;
                    default:
                        host = await EndAsync(host, random.Next(3) == 0 ? "TERM" : "KILL", config, spool);
                        break;
                }
            }

            await UntilDoneAsync(host, spool, seed);
            Assert.True(atWork > plan.Count / 2, $"It was at work {atWork} times of {plan.Count}.");
        }
        finally
        {
            await host.DisposeAsync();
        }

        await CheckAsync(spool, provisioner.Tenants, expected, seed);
    }

    [SkippableFact]
    public async Task PostgreSQL_away_for_40_s_and_the_store_for_10_s_twice_cost_retries_and_no_event()
    {
        await using var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions { MaxConnections = 60 });
        var provisioner = await TenantProvisioner.CreateAsync(server, new TenantPlan { Tenants = Tenants, OwnDatabases = 3, Services = ["core"] });
        var config = await ConfigureAsync(provisioner);
        var spool = Directory.CreateDirectory(Path.Combine(_folder, "spool")).FullName;
        var (expected, files) = Write(provisioner.Tenants, 5, new Random(17));
        await FillAsync(spool, files);
        var host = HostProcess.Start("run", "--config", config, "--events", spool);
        try
        {
            await UntilAtWorkAsync(host, spool);
            await server.Control!.StopAsync();
            for (var outage = 0; outage < 2; outage++)
            {
                await Task.Delay(TimeSpan.FromSeconds(10));
                host = await WithoutStoreAsync(host, TimeSpan.FromSeconds(10), config, spool);
            }

            await server.Control.StartAsync();
            await UntilDoneAsync(host, spool, seed: 17);
            Assert.DoesNotContain(" 0 retried", Summary(host), StringComparison.Ordinal);
        }
        finally
        {
            await host.DisposeAsync();
        }

        await CheckAsync(spool, provisioner.Tenants, expected, seed: 17);
    }

    /// <summary>Takes the secret store away for a time, and begins anew without it: one that starts now knows no secret at all.</summary>
    private async Task<HostProcess> WithoutStoreAsync(HostProcess host, TimeSpan time, string config, string spool)
    {
        var secrets = Path.Combine(_folder, "secrets.json");
        var good = await File.ReadAllBytesAsync(secrets);
        await File.WriteAllTextAsync(secrets, "{ half a fi");
        host = await EndAsync(host, "KILL", config, spool);

        // On a busy machine it may take as long as that until it says its first word; ready it is not without secrets.
        var begun = Stopwatch.StartNew();
        while (host.Errors.Length == 0 && begun.Elapsed < TimeSpan.FromMinutes(1))
            await Task.Delay(20);
        await Task.Delay(time);
        await File.WriteAllBytesAsync(secrets + ".next", good);
        File.Move(secrets + ".next", secrets, overwrite: true);
        return host;
    }

    private static async Task CheckAsync(
        string spool, IReadOnlyList<ProvisionedTenant> tenants, Dictionary<TenantKey, List<string>> expected, int seed)
    {
        Assert.Empty(Directory.EnumerateFiles(spool, "*.rejected"));
        foreach (var tenant in tenants)
            Assert.True(expected[tenant.Key].SequenceEqual(await ReadAsync(tenant)), $"seed {seed}: {tenant.Key} is not as it should be");
    }

    private async Task<HostProcess> EndAsync(HostProcess host, string signal, string config, string spool)
    {
        await host.SignalAsync(signal);
        var code = await host.WaitAsync();
        // One that was told to stop hands back what it can't finish, and says that nothing is wrong with that.
        if (signal == "TERM" && host.Errors.Contains("events handled", StringComparison.Ordinal))
        {
            Assert.True(code == 0, host.Errors);
            output.WriteLine(Summary(host));
        }

        await host.DisposeAsync();
        return HostProcess.Start("run", "--config", config, "--events", spool);
    }

    private static string Summary(HostProcess host) => host.Errors.Split('\n').First(line => line.Contains("events handled", StringComparison.Ordinal));

    /// <summary>Waits until the first events are under way, or none is left.</summary>
    private static async Task UntilAtWorkAsync(HostProcess host, string spool)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!host.Errors.Contains("is ready", StringComparison.Ordinal) && Directory.EnumerateFiles(spool, "*.jsonl").Any())
        {
            Assert.False(patience.IsCancellationRequested, $"It does not begin: {host.Errors}");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until all is done, and stops the host, which then has nothing to complain of.</summary>
    private async Task UntilDoneAsync(HostProcess host, string spool, int seed)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (Directory.EnumerateFiles(spool, "*.jsonl").Any())
        {
            Assert.False(patience.IsCancellationRequested, $"seed {seed}: it does not come to an end: {host.Errors}");
            await Task.Delay(100);
        }

        await host.SignalAsync("TERM");
        Assert.True(await host.WaitAsync() == 0, $"seed {seed}: {host.Errors}");
        Assert.Contains(" 0 rejected, ", host.Errors, StringComparison.Ordinal);
        Assert.Contains(" 0 lost", host.Errors, StringComparison.Ordinal);
        output.WriteLine(Summary(host));
    }

    /// <summary>Events of the tenants, in so many files, and what each tenant gets of them in order.</summary>
    private static (Dictionary<TenantKey, List<string>> Expected, List<(string Name, List<string> Lines)> Files) Write(
        IReadOnlyList<ProvisionedTenant> tenants, int count, Random random)
    {
        var expected = tenants.ToDictionary(tenant => tenant.Key, _ => new List<string>());
        var files = Enumerable.Range(0, count).Select(file => (Name: $"{file:00}.jsonl", Lines: new List<string>())).ToList();
        for (var i = 0; i < Events; i++)
        {
            var tenant = tenants[random.Next(tenants.Count)];
            var id = $"event-{i}";
            expected[tenant.Key].Add(id);
            files[i * count / Events].Lines.Add(
                JsonSerializer.Serialize(new { service = tenant.Key.Service, org = tenant.Key.Org, type = "order", id, data = new { i } }));
        }

        return (expected, files);
    }

    private static async Task FillAsync(string spool, IEnumerable<(string Name, List<string> Lines)> files)
    {
        foreach (var (name, lines) in files)
        {
            var path = Path.Combine(spool, name);
            await File.WriteAllLinesAsync(path + ".next", lines);
            File.Move(path + ".next", path);
        }
    }

    private Task<string> ConfigureAsync(TenantProvisioner provisioner) => HostFiles.WriteAsync(
        _folder,
        provisioner,
        $$"""
        hyperconn-host.dashboard.enabled = off
        hyperconn-host.worker {
          poll-interval = 50ms
          statements.default = "select pg_sleep({{(IsLong ? "0.1" : "0.02")}}); insert into events (tenant, payload) values (@org, @id)"
        }
        """);

    private static async Task<List<string>> ReadAsync(ProvisionedTenant tenant)
    {
        var settings = PostgresUri.Parse(tenant.ConnectionUri).ToNpgsql();
        settings.Pooling = false;
        await using var source = NpgsqlDataSource.Create(settings);
        await using var command = source.CreateCommand("select payload from events order by id");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(reader.GetString(0));
        return rows;
    }
}
