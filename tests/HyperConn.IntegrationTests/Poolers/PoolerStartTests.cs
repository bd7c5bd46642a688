using HyperConn.Host.Demo;
using HyperConn.Servers;
using HyperConn.Tests.Support;
using Npgsql;

namespace HyperConn.Tests.Poolers;

/// <summary>What sessions ask for when they start, and what a pooler makes of it.</summary>
[Collection(PooledServerCollection.Name)]
public class PoolerStartTests(PooledServer server)
{
    [SkippableFact]
    public async Task Options_in_the_secret_are_refused_by_PgBouncer_and_the_error_says_what_to_do()
    {
        var pooler = await server.PoolerAsync(PgBouncerOptions.Transaction);
        var tenant = server.Tenants[0];
        await using var host = await StartAsync(pooler.Through(tenant) + "&options=-c%20work_mem%3D8MB", tenant);

        var refusal = await RefusalAsync(host, tenant);

        Assert.Equal(HyperConnErrorCode.ConnectionFailed, refusal.Code);
        Assert.Contains("'options'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("08P01: unsupported startup parameter: options", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"ALTER ROLE \"{tenant.BaseUser}\" IN DATABASE \"{tenant.Database}\"", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(ServerKind.Pooler, host.Server.Kind);
    }

    [SkippableFact]
    public async Task A_schema_template_is_refused_by_PgBouncer_and_the_error_says_what_to_do()
    {
        var pooler = await server.PoolerAsync(PgBouncerOptions.Session);
        var tenant = server.Tenants[0];
        await using var host = await StartAsync(pooler.Through(tenant), tenant, o => o.Schemas.Template = "{org}");

        var refusal = await RefusalAsync(host, tenant);

        Assert.Equal(HyperConnErrorCode.ConnectionFailed, refusal.Code);
        Assert.Contains("'search_path'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("SET search_path", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("ignore_startup_parameters", refusal.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(PgBouncerOptions.Session, "template")]
    [InlineData(PgBouncerOptions.Transaction, "template")]
    [InlineData(PgBouncerOptions.Transaction, "options")]
    [InlineData(PgBouncerOptions.Transaction, "npgsql")]
    public async Task A_search_path_that_the_pooler_drops_reaches_nobody_unless_the_role_has_it_itself(string mode, string form)
    {
        await using var pooler = await PgBouncer.StartAsync(server.Server, new PgBouncerOptions(mode)
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["ignore_startup_parameters"] = "search_path,options" },
        });
        var tenant = server.Tenants[0];
        await using (var wrong = await AskingAsync("somebody_elses"))
        {
            foreach (var open in new Func<Task<NpgsqlConnection>>[]
            {
                async () => await wrong.Pools.OpenConnectionAsync(tenant.Key),
                async () =>
                {
                    var connection = wrong.Pools.CreateConnection(tenant.Key);
                    await connection.OpenAsync();
                    return connection.Npgsql;
                },
            })
            {
                var refusal = (await Assert.ThrowsAsync<HyperConnException>(open)).Failure;
                Assert.Equal(HyperConnErrorCode.ConnectionFailed, refusal.Code);
                Assert.Contains("somebody_elses", refusal.Message, StringComparison.Ordinal);
                Assert.Contains(tenant.Schema, refusal.Message, StringComparison.Ordinal);
                Assert.Contains("ALTER ROLE", refusal.Message, StringComparison.Ordinal);
            }

            Assert.Equal(0, wrong.Runtime.Generations.LeasesOpen);
        }

        await using var right = await AskingAsync(tenant.Schema);
        await using var connection = await right.Pools.OpenConnectionAsync(tenant.Key);
        await server.Oracle.AssertOwnedAsync(connection, tenant.Key);

        Task<PoolsHost> AskingAsync(string schema)
        {
            var secret = pooler.Through(tenant);
            return form switch
            {
                "template" => StartAsync(secret, tenant, o => o.Schemas.Template = schema),
                "options" => StartAsync($"{secret}&options=-c%20search_path%3D{schema}", tenant),
                _ => StartAsync(
                    new NpgsqlConnectionStringBuilder(PostgresUri.Parse(secret).ToNpgsql().ConnectionString) { SearchPath = schema }.ConnectionString, tenant),
            };
        }
    }

    [SkippableFact]
    public async Task Auto_does_not_take_what_a_server_behind_the_pooler_says_of_itself_for_the_poolers_limit()
    {
        var pooler = await server.PoolerAsync(PgBouncerOptions.Transaction);
        var tenant = server.Tenants[0];
        await using var direct = await StartAsync(tenant.ConnectionUri, tenant);
        await using var pooled = await StartAsync(pooler.Through(tenant), tenant);

        await using (await direct.Pools.OpenConnectionAsync(tenant.Key))
        await using (await pooled.Pools.OpenConnectionAsync(tenant.Key))
        {
        }

        Assert.Equal(237, await LimitAsync(direct));
        Assert.Equal(80, await LimitAsync(pooled));
        Assert.Equal((ServerKind.Server, ServerKind.Pooler), (direct.Server.Kind, pooled.Server.Kind));

        static async Task<int?> LimitAsync(PoolsHost host) => (await host.Pools.GetStatisticsAsync()).Servers.Single().Limit;
    }

    [SkippableFact]
    public async Task A_wrong_password_is_known_by_what_the_pooler_says()
    {
        var pooler = await server.PoolerAsync(PgBouncerOptions.Session);
        var tenant = server.Tenants[0];
        var wrong = new NpgsqlConnectionStringBuilder(PostgresUri.Parse(pooler.Through(tenant)).ToNpgsql().ConnectionString) { Password = "not-it" };
        await using var host = await StartAsync(wrong.ConnectionString, tenant, o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(1));

        Assert.Equal(HyperConnErrorCode.LoginRefused, (await RefusalAsync(host, tenant)).Code);
    }

    private static Task<PoolsHost> StartAsync(string secret, ProvisionedTenant tenant, Action<HyperConnOptions>? configure = null) =>
        PoolsHost.StartAsync(new MemorySecretStore().Put(tenant.Key, secret), configure);

    private static async Task<HyperConnFailure> RefusalAsync(PoolsHost host, ProvisionedTenant tenant) =>
        (await Assert.ThrowsAsync<HyperConnException>(async () => await host.Pools.OpenConnectionAsync(tenant.Key))).Failure;
}
