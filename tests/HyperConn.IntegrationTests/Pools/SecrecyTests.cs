using System.Collections;
using System.Text.Json;
using Akka.Actor;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Pools;

[Collection(RoomyServerCollection.Name)]
public class SecrecyTests(RoomyServer server)
{
    private const string Canary = "kanarienvogel";

    [SkippableFact]
    public async Task No_password_is_in_any_log_exception_metric_span_or_text_of_an_object()
    {
        var tenants = server.Tenants.Take(5).ToArray();
        var wrong = TenantKey.Create("core", "wrong");
        var malformed = TenantKey.Create("core", "malformed");
        var away = TenantKey.Create("core", "away");
        var nowhere = TenantKey.Create("core", "nowhere");
        var secrets = new MemorySecretStore().With(tenants)
            .Put(wrong, $"postgresql://someone:{Canary}1@{server.Server.Host}:{server.Server.Port}/postgres")
            .Put(malformed, $"postgresql://someone:{Canary}2@{server.Server.Host}:notaport/postgres?sslpassword={Canary}")
            .Put(away, $"postgresql://someone:{Canary}3@127.0.0.1:1/postgres")
            .Put(nowhere, new NpgsqlConnectionStringBuilder
            {
                Host = server.Server.Host,
                Port = server.Server.Port,
                Username = tenants[0].Login.User,
                Password = tenants[0].Login.Password,
                Database = "no_such_database",
            }.ConnectionString);
        using var recorder = new Recorder();
        await using (var host = await PoolsHost.StartAsync(
            secrets, o => (o.Pools.AcquireTimeout, o.Pools.MaxPools) = (TimeSpan.FromSeconds(2), 3), recorder))
        {
            foreach (var tenant in new[] { wrong, malformed, away, nowhere })
            {
                var failure = await Record.ExceptionAsync(() => host.Pools.OpenConnectionAsync(tenant).AsTask());
                Assert.NotNull(failure);
                Tell(recorder, failure);
                Tell(recorder, await host.Supervisor.Ask<PoolReply>(new GetPool(tenant), TimeSpan.FromSeconds(10)));
            }

            foreach (var tenant in tenants)
            {
                var source = await host.Pools.GetDataSourceAsync(tenant.Key);
                await using (var command = source.CreateCommand("select nonsense"))
                    Tell(recorder, await Record.ExceptionAsync(() => command.ExecuteScalarAsync()));
                await using var connection = await source.OpenConnectionAsync();
                await server.Oracle.AssertOwnedAsync(connection, tenant.Key);
                foreach (var thing in new object?[]
                {
                    source, source.ConnectionString, connection, connection.ConnectionString, source.Current, source.Current!.Credentials,
                    source.Current.Credentials.Postgres, source.Current.DataSource, source.Current.DataSource.ConnectionString, new PoolReady(source),
                    tenant.Key, host.Runtime,
                })
                {
                    Tell(recorder, thing);
                }

                recorder.Observe();
            }

            var statistics = await host.Pools.GetStatisticsAsync();
            Tell(recorder, statistics);
            recorder.Add("statistics", JsonSerializer.Serialize(statistics with { Tenants = [] }));
            foreach (var tenant in statistics.Tenants)
                Tell(recorder, tenant);
            await host.Pools.RefreshAllAsync();
            await host.Pools.EvictAsync(tenants[^1].Key);
            recorder.Observe();
        }

        foreach (var source in new[] { "HyperConn.Pools", "Npgsql.Connection", "Npgsql", "span Npgsql" })
            Assert.Contains(source, recorder.Sources);
        Assert.Contains(recorder.Sources, source => source.StartsWith("Akka", StringComparison.Ordinal));
        var forbidden = tenants.SelectMany(t => new[] { t.Login.Password, Uri.EscapeDataString(t.Login.Password) }).Append(Canary).ToArray();
        foreach (var text in recorder.Texts)
        {
            foreach (var secret in forbidden)
                Assert.False(text.Contains(secret, StringComparison.OrdinalIgnoreCase), $"A secret is in: {text.Replace(secret, "***", StringComparison.OrdinalIgnoreCase)}");
        }
    }

    private static void Tell(Recorder recorder, object? thing)
    {
        recorder.Add("text", thing?.ToString());
        for (var exception = thing as Exception; exception is not null; exception = exception.InnerException)
        {
            recorder.Add("exception", exception.Message);
            foreach (DictionaryEntry entry in exception.Data)
                recorder.Add("exception", $"{entry.Key}={entry.Value}");
        }
    }
}
