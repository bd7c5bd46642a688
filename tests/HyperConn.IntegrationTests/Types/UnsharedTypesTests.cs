using HyperConn.Tests.Support;
using Npgsql;
using static HyperConn.Tests.Types.TypedDatabases;

namespace HyperConn.Tests.Types;

/// <summary>What stays Npgsql's, and what many threads see.</summary>
[Collection(PostgresCollection.Name)]
public class UnsharedTypesTests(PostgresFixture postgres)
{
    [SkippableFact]
    public async Task Table_composites_that_a_hook_asks_for_are_loaded_by_Npgsql()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("create table visit (place text, days int)");
        await databases.ShareAsync(database);
        static void Hook(NpgsqlDataSourceBuilder builder) =>
            builder.ConfigureTypeLoading(loading => loading.EnableTableCompositesLoading()).MapComposite<Visit>("public.visit");
        var read = await ScalarAsync<Visit>(databases.Tenant(database, Hook), "select row('Oslo', 3)::visit");
        Assert.Equal(("Oslo", 3), (read.Place, read.Days));
        Assert.Equal(await KnownTypesAsync(databases.Bare(database, Hook)), await KnownTypesAsync(databases.Tenant(database, Hook)));
    }

    [SkippableFact]
    public async Task Without_type_loading_there_are_no_types_to_share()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("create type mood as enum ('a')");
        await databases.ShareAsync(database);
        var before = databases.Statistics;
        static void Hook(NpgsqlDataSourceBuilder builder) => builder.ConfigureTypeLoading(loading => loading.EnableTypeLoading(false));
        Assert.Equal(await KnownTypesAsync(databases.Bare(database, Hook)), await KnownTypesAsync(databases.Tenant(database, Hook)));
        Assert.Equal(before, databases.Statistics);
    }

    [SkippableFact]
    public async Task A_choice_of_schemas_is_obeyed()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("create type mood as enum ('a'); create schema s; create type s.kind as enum ('b')");
        await databases.ShareAsync(database);
        static void Hook(NpgsqlDataSourceBuilder builder) => builder.ConfigureTypeLoading(loading => loading.SetTypeLoadingSchemas("s"));
        Assert.Equal(await KnownTypesAsync(databases.Bare(database, Hook)), await KnownTypesAsync(databases.Tenant(database, Hook)));
    }

    [SkippableFact]
    public async Task Data_sources_that_are_not_ours_see_no_change()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("create type mood as enum ('a')");
        await databases.ShareAsync(database);
        var before = databases.Statistics;
        Assert.Equal("a", await ScalarAsync<string>(databases.Bare(database), "select 'a'::mood"));
        Assert.Equal(before, databases.Statistics);
    }

    [SkippableFact]
    public async Task A_database_with_one_tenant_and_types_of_its_own_costs_nothing_from_the_second_pool_on()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("create type mood as enum ('a')");
        Assert.Equal("a", await ScalarAsync<string>(databases.Tenant(database), "select 'a'::mood"));
        Assert.Equal((0L, 1L, 0), (databases.Statistics.Loaded, databases.Statistics.Unshared, databases.Statistics.Catalogues));
    }

    [SkippableFact]
    public async Task A_server_that_refuses_the_check_is_left_to_Npgsql()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("revoke select on pg_catalog.pg_class from public");
        var role = await databases.CreateRoleAsync();
        var ours = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync<int>(databases.Tenant(database, role: role), "select 1"));
        var bare = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync<int>(databases.Bare(database, role: role), "select 1"));
        Assert.Equal(bare.SqlState, ours.SqlState);
    }

    [SkippableFact]
    public async Task A_session_that_ends_during_the_check_says_what_ended_it()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("create type mood as enum ('a')");
        Assert.Equal(1, await ScalarAsync<int>(databases.Tenant(database), "select 1"));

        // The check of the second user waits for the lock until its session is ended.
        await using var administrator = databases.Bare(database);
        await using var holder = await administrator.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var take = new NpgsqlCommand("lock table pg_catalog.pg_enum in access exclusive mode", holder, transaction))
            await take.ExecuteNonQueryAsync();
        var open = ScalarAsync<int>(databases.Tenant(database), "select 1");
        const string End = "select count(pg_terminate_backend(pid))::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while (!open.IsCompleted && await ScalarAsync<int>(administrator, End) == 0)
            await Task.Delay(20);
        var ended = await Assert.ThrowsAsync<PostgresException>(() => open.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(PostgresErrorCodes.AdminShutdown, ended.SqlState);
    }

    [SkippableFact]
    public async Task An_open_that_is_cancelled_ends_and_the_next_one_works()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync();
        for (var i = 0; i < 20; i++)
        {
            var source = databases.Tenant(database);
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(i));
            try
            {
                await using var connection = await source.OpenConnectionAsync(stop.Token);
            }
            catch (Exception ended) when (ended is OperationCanceledException or NpgsqlException { InnerException: OperationCanceledException })
            {
                // As with Npgsql alone.
            }

            Assert.Equal(1, await ScalarAsync<int>(source, "select 1"));
        }
    }

    [SkippableFact]
    public async Task Many_first_opens_at_once_and_blocking_ones_read_what_is_theirs()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var names = new string[4];
        for (var i = 0; i < names.Length; i++)
            names[i] = await databases.CreateAsync($"create type mood as enum ('own{i}', 'x')");
        var work = Enumerable.Range(0, 48).Select(n => Task.Run(async () =>
        {
            var own = n % names.Length;
            var source = databases.Tenant(names[own]);

            // On a thread of its own: blocked threads of the pool would be missed by the others.
            if (n % 8 < 4)
                await Task.Factory.StartNew(() => ReadBlocking(source, own), default, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            Assert.Equal([$"own{own}"], await ScalarAsync<string[]>(source, $"select array['own{own}']::mood[]"));
            source.Clear();
        }));
        await Task.WhenAll(work).WaitAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(names.Length, databases.Statistics.Catalogues);
        Assert.True(databases.Statistics.Shared > 0);
    }

    [SkippableFact]
    public async Task A_manager_shares_counts_and_can_be_told_not_to()
    {
        foreach (var share in new[] { true, false })
        {
            await using var tenants = await postgres.ProvisionAsync(6, ownDatabases: 2);
            await using var host = await PoolsHost.StartAsync(new MemorySecretStore().With(tenants.Tenants), o => o.Connections.ShareTypes = share);
            foreach (var tenant in tenants.Tenants)
            {
                await using var connection = await host.Pools.OpenConnectionAsync(tenant.Key);
                await using var command = new NpgsqlCommand("select array['[1,2)'::int4range]", connection);
                Assert.NotNull(await command.ExecuteScalarAsync());
            }

            var statistics = (await host.Pools.GetStatisticsAsync()).TypeCatalogues;
            Assert.Equal(share ? (1, 1L, 5L) : (0, 0L, 0L), (statistics.Catalogues, statistics.Loaded, statistics.Shared));
        }
    }

    private static void ReadBlocking(NpgsqlDataSource source, int own)
    {
        using var connection = source.OpenConnection();
        using var command = new NpgsqlCommand($"select 'own{own}'::mood", connection);
        Assert.Equal($"own{own}", command.ExecuteScalar());
    }

    private sealed class Visit
    {
        public string Place { get; set; } = "";

        public int Days { get; set; }
    }
}
