using System.Text.Json;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests;

public sealed class RunProcessTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-run-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task Events_from_standard_input_run_their_statement_on_their_own_tenants_database()
    {
        await using var provisioner = await postgres.ProvisionAsync(4);
        await using var host = HostProcess.Start("run", "--config", await ConfigureAsync(provisioner));

        foreach (var tenant in provisioner.Tenants)
            await host.Input.WriteLineAsync(Line(tenant, "7", 3));
        host.Input.Close();
        Assert.True(await host.WaitAsync() == 0, host.Errors);

        Assert.Contains("4 events handled, 0 rejected, 0 duplicate, 0 retried, 0 handed back, 0 lost", host.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("insert into", host.Errors, StringComparison.Ordinal);
        foreach (var tenant in provisioner.Tenants)
            Assert.Equal($"""{tenant.Key.Org} 7 3""", await ReadAsync(tenant, "select tenant || ' ' || payload from events"));
    }

    [SkippableFact]
    public async Task Lines_that_fail_are_counted_explained_and_kept_while_the_others_go_on()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var good = Line(tenant, "1", 1);
        var unknown = """{"service": "core", "org": "nobody-knows", "type": "order.placed"}""";
        var events = Path.Combine(_folder, "events.jsonl");
        var rejects = Path.Combine(_folder, "rejects.jsonl");
        await File.WriteAllLinesAsync(events, [good, "not json", unknown, "", good, Line(tenant, "2", 1)]);

        await using var host = HostProcess.Start("run", "--config", await ConfigureAsync(provisioner), "--events", events, "--rejects", rejects);

        Assert.True(await host.WaitAsync() == 1, host.Errors);
        Assert.Contains("2 events handled, 2 rejected, 1 duplicate", host.Errors, StringComparison.Ordinal);
        Assert.Contains("SecretNotFound", host.Errors, StringComparison.Ordinal);
        Assert.Contains("The line is not JSON.", host.Errors, StringComparison.Ordinal);
        var kept = (await File.ReadAllLinesAsync(rejects)).Select(text => JsonDocument.Parse(text).RootElement).OrderBy(json => Rejected(json, "line").GetInt32()).ToList();
        Assert.Equal(["events.jsonl:2", "events.jsonl:3"], kept.Select(json => Rejected(json, "place").GetString()));
        Assert.Equal(["NotJson", "SecretNotFound"], kept.Select(json => Rejected(json, "code").GetString()));
        Assert.Equal([0, 1], kept.Select(json => Rejected(json, "attempts").GetInt32()));
        Assert.Equal("not json", kept[0].GetProperty("text").GetString());
        Assert.Equal(unknown, kept[1].GetProperty("event").GetRawText());
        Assert.DoesNotContain(tenant.Login.Password, host.Errors + host.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_spool_folder_is_watched_until_told_to_stop()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var spool = Directory.CreateDirectory(Path.Combine(_folder, "spool")).FullName;
        await using var host = HostProcess.Start("run", "--config", await ConfigureAsync(provisioner), "--events", spool);

        foreach (var name in new[] { "1.jsonl", "2.jsonl" })
        {
            await File.WriteAllLinesAsync(Path.Combine(spool, name + ".part"), [Line(tenant, name + "a", 1), Line(tenant, name + "b", 1)]);
            File.Move(Path.Combine(spool, name + ".part"), Path.Combine(spool, name));
            for (var attempt = 0; !File.Exists(Path.Combine(spool, name + ".done")) && attempt < 6_000; attempt++)
                await Task.Delay(20);
        }

        await host.SignalAsync("INT");
        Assert.True(await host.WaitAsync() == 0, host.Errors);
        Assert.Equal(["1.jsonl.done", "2.jsonl.done"], Directory.EnumerateFiles(spool, "*.jsonl*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("4", await ReadAsync(tenant, "select count(*)::text from events"));
    }

    [SkippableFact]
    public async Task A_second_signal_ends_what_the_first_would_wait_for()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var config = await ConfigureAsync(provisioner);
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config)).Replace("insert into events", "select pg_sleep(100) -- ", StringComparison.Ordinal));
        await using var host = HostProcess.Start("run", "--config", config);
        await host.Input.WriteLineAsync(Line(provisioner.Tenants[0], "1", 1));
        await host.Input.FlushAsync();
        await host.WaitForErrorsAsync("is ready");

        await host.SignalAsync("INT");
        await host.WaitForErrorsAsync("waiting for 1 events under way; Ctrl-C again ends them");
        await host.SignalAsync("INT");

        Assert.Equal(1, await host.WaitAsync());
        Assert.DoesNotContain("events handled", host.Errors, StringComparison.Ordinal);
    }

    private static JsonElement Rejected(JsonElement line, string name) => line.GetProperty("rejected").GetProperty(name);

    private static string Line(ProvisionedTenant tenant, string id, int sum) => JsonSerializer.Serialize(new
    {
        service = tenant.Key.Service,
        org = tenant.Key.Org,
        type = "order.placed",
        id,
        data = new { sum },
    });

    private Task<string> ConfigureAsync(TenantProvisioner provisioner) => HostFiles.WriteAsync(
        _folder,
        provisioner,
        """
        hyperconn-host.dashboard.enabled = off
        hyperconn-host.worker {
          poll-interval = 50ms
          statements {
            "order.placed" = "insert into events (tenant, payload) values (@org, concat_ws(' ', @id, @data->>'sum'))"
          }
        }
        """);

    private static async Task<object?> ReadAsync(ProvisionedTenant tenant, string sql)
    {
        var settings = PostgresUri.Parse(tenant.ConnectionUri).ToNpgsql();
        settings.Pooling = false;
        await using var source = NpgsqlDataSource.Create(settings);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
