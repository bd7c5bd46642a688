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
        Assert.Contains("The line is not JSON", host.Errors, StringComparison.Ordinal);
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

    [SkippableFact]
    public async Task A_line_that_no_text_can_hold_is_rejected_and_nothing_behind_it_waits()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var spool = Directory.CreateDirectory(Path.Combine(_folder, "spool")).FullName;
        await File.WriteAllLinesAsync(Path.Combine(spool, "1.jsonl"), [Line(tenant, "1", 1), """{"service":"core","org":"org1","id":"\ud800"}""", Line(tenant, "2", 1)]);
        await File.WriteAllLinesAsync(Path.Combine(spool, "2.jsonl"), [Line(tenant, "3", 1)]);
        await using var host = HostProcess.Start("run", "--config", await ConfigureAsync(provisioner), "--events", spool);
        for (var attempt = 0; !File.Exists(Path.Combine(spool, "2.jsonl.done")) && attempt < 6_000; attempt++)
            await Task.Delay(20);
        await host.SignalAsync("TERM");

        Assert.True(await host.WaitAsync() == 1, host.Errors);
        Assert.Contains("3 events handled, 1 rejected", host.Errors, StringComparison.Ordinal);
        var kept = JsonDocument.Parse(Assert.Single(await File.ReadAllLinesAsync(Path.Combine(spool, "1.jsonl.rejected")))).RootElement;
        Assert.Equal((2, "NotUnicode"), (Rejected(kept, "line").GetInt32(), Rejected(kept, "code").GetString()));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_came_through_a_pipe_and_was_not_begun_at_a_stop_is_lost_and_said_to_be_unless_a_file_is_named_for_it(bool isKept)
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var config = await ConfigureAsync(provisioner, " from pg_sleep(1)");
        var rejects = Path.Combine(_folder, "rejects.jsonl");
        await using var host = HostProcess.Start(["run", "--config", config, .. isKept ? new[] { "--rejects", rejects } : []]);
        for (var i = 0; i < 10; i++)
            await host.Input.WriteLineAsync(Line(tenant, $"{i}", 1));
        await host.Input.FlushAsync();
        for (var attempt = 0; (string?)await ReadAsync(tenant, "select count(*)::text from events") == "0" && attempt < 6_000; attempt++)
            await Task.Delay(20);
        await host.SignalAsync("TERM");

        Assert.True(await host.WaitAsync() == (isKept ? 0 : 1), host.Errors);
        var handled = int.Parse((string)(await ReadAsync(tenant, "select count(*)::text from events"))!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(handled, 1, 9);
        Assert.Contains(isKept ? $"{10 - handled} handed back, 0 lost" : $"0 handed back, {10 - handled} lost", host.Errors, StringComparison.Ordinal);
        if (!isKept)
            return;

        // Fed again, each event has taken effect once.
        await using var again = HostProcess.Start("run", "--config", config, "--events", rejects);
        Assert.True(await again.WaitAsync() == 0, again.Errors);
        Assert.Equal("10", await ReadAsync(tenant, "select count(distinct payload)::text from events"));
        Assert.Equal("10", await ReadAsync(tenant, "select count(*)::text from events"));
    }

    [SkippableFact]
    public async Task A_store_that_is_away_costs_retries_and_no_event()
    {
        await using var provisioner = await postgres.ProvisionAsync(2);
        var config = await ConfigureAsync(provisioner);
        var secrets = Path.Combine(_folder, "secrets.json");
        var good = await File.ReadAllBytesAsync(secrets);
        await File.WriteAllTextAsync(secrets, "{ half a fi");
        var events = Path.Combine(_folder, "events.jsonl");
        await File.WriteAllLinesAsync(events, provisioner.Tenants.SelectMany(tenant => Enumerable.Range(0, 50).Select(i => Line(tenant, $"{i}", 1))));
        await using var host = HostProcess.Start("run", "--config", config, "--events", events);
        await host.WaitForErrorsAsync("is tried again");
        await File.WriteAllBytesAsync(secrets, good);

        Assert.True(await host.WaitAsync() == 0, host.Errors);
        Assert.Contains("100 events handled, 0 rejected, 0 duplicate", host.Errors, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_spool_whose_progress_can_t_be_kept_is_refused_before_the_first_event()
    {
        await using var provisioner = await postgres.ProvisionAsync(1);
        var tenant = provisioner.Tenants[0];
        var spool = Directory.CreateDirectory(Path.Combine(_folder, "spool")).FullName;
        await File.WriteAllLinesAsync(Path.Combine(spool, "1.jsonl"), [Line(tenant, "1", 1)]);
        // Who may do everything may write everywhere, but not a file over a folder.
        Directory.CreateDirectory(Path.Combine(spool, ".hyperconn-progress.json", "x"));
        await using var host = HostProcess.Start("run", "--config", await ConfigureAsync(provisioner), "--events", spool);

        Assert.True(await host.WaitAsync() == 2, host.Errors);
        Assert.Equal("0", await ReadAsync(tenant, "select count(*)::text from events"));
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

    private Task<string> ConfigureAsync(TenantProvisioner provisioner, string more = "") => HostFiles.WriteAsync(
        _folder,
        provisioner,
        $$"""
        hyperconn-host.dashboard.enabled = off
        hyperconn-host.worker {
          poll-interval = 50ms
          statements {
            "order.placed" = "insert into events (tenant, payload) select @org, concat_ws(' ', @id, @data->>'sum'){{more}}"
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
