using HyperConn.Host.Demo;
using HyperConn.Tests.Support;
using NodaTime;
using Npgsql;
using static HyperConn.Tests.Types.TypedDatabases;

namespace HyperConn.Tests.Types;

/// <summary>Types that are shared, with a plug-in of Npgsql's, many opens at once, several hosts and other servers than before.</summary>
[Collection(PostgresCollection.Name)]
public class TypesElsewhereTests(PostgresFixture postgres)
{
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NodaTime_reads_and_writes_its_types_and_leaves_neighbours_alone(bool sharing)
    {
        await using var databases = new TypedDatabases(postgres.Server, sharing);
        var database = await databases.CreateAsync("create domain moment as timestamptz");
        if (sharing)
            await databases.ShareAsync(database);
        static void Hook(NpgsqlDataSourceBuilder builder) => builder.UseNodaTime();
        var (source, neighbour) = (databases.Tenant(database, Hook), databases.Tenant(database));
        var instant = Instant.FromUtc(2026, 11, 27, 3, 30);
        Assert.Equal(instant, await ScalarAsync<Instant>(source, "select $1", instant));
        Assert.Equal(instant, await ScalarAsync<Instant>(source, "select '2026-11-27 03:30Z'::moment"));
        Assert.Equal(new Interval(instant, instant + Duration.FromHours(1)), await ScalarAsync<Interval>(source, "select tstzrange('2026-11-27 03:30Z', '2026-11-27 04:30Z')"));
        Assert.Equal(instant.ToDateTimeUtc(), await ScalarAsync<DateTime>(neighbour, "select '2026-11-27 03:30Z'::timestamptz"));
        Assert.Equal(sharing ? 2 : 0, databases.Statistics.Shared);
    }

    [SkippableFact]
    public async Task A_type_made_before_an_open_is_known_to_it_whatever_others_ask_at_the_same_time()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("create type t as enum ('a')");
        await databases.ShareAsync(database);
        using var stop = new CancellationTokenSource();
        var others = Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var source = databases.Tenant(database);
                Assert.Equal(["a"], await ScalarAsync<string[]>(source, "select array['a']::t[]"));
                source.Clear();
            }
        })).ToArray();

        // Until questions were saved, and types were made meanwhile: the two must not meet.
        var (round, since) = (0, databases.Statistics.JoinedChecks);
        await Until.TrueAsync(
            async () =>
            {
                var type = $"t{++round}";
                await databases.RunAsync(database, $"create type {type} as enum ('x{round}')");
                var source = databases.Tenant(database);
                Assert.Equal($"x{round}", await ScalarAsync<string>(source, $"select 'x{round}'::{type}"));
                source.Clear();
                return round >= 20 && databases.Statistics.JoinedChecks - since >= 10;
            },
            () => $"{round} types were made, {databases.Statistics.JoinedChecks} questions saved.");
        await stop.CancelAsync();
        await Task.WhenAll(others).WaitAsync(TimeSpan.FromMinutes(1));
    }

    [SkippableFact]
    public async Task Of_several_hosts_each_is_asked_for_itself()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync("create type mood as enum ('sad', 'ok')");
        var server = postgres.Server.Admin();
        await using var second = new TcpRelay(server.Host!, server.Port);
        await databases.ShareAsync(database);
        void Hosts(NpgsqlConnectionStringBuilder settings) => settings.Host = $"127.0.0.1:{second.Port},{server.Host}:{server.Port}";
        static void Hook(NpgsqlDataSourceBuilder builder) => builder.MapEnum<Mood>("public.mood");
        var known = await KnownTypesAsync(databases.Bare(database));
        for (var tenant = 0; tenant < 3; tenant++)
        {
            var source = databases.Tenant(database, Hook, address: Hosts);
            Assert.Equal(Mood.Ok, await ScalarAsync<Mood>(source, "select $1", Mood.Ok));
            Assert.Equal(known, await KnownTypesAsync(databases.Tenant(database, address: Hosts)));
        }

        // What the two addresses say is the same, so it is one.
        Assert.Equal(1, databases.Statistics.Catalogues);
        Assert.True(databases.Statistics.Shared > 0);
    }

    [SkippableFact]
    public async Task Another_server_behind_the_same_address_is_known_anew()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        await using var other = await PostgresFixture.StartOwnAsync(new PostgresServerOptions());
        await using var elsewhere = new TypedDatabases(other);
        var database = await databases.CreateAsync("create type mood as enum ('sad', 'ok'); create type kind as enum ('x')");

        // The same names and, so soon after initdb, perhaps the same numbers: other types.
        await elsewhere.CreateNamedAsync(database, "create type kind as enum ('y'); create type mood as (a int); create domain d as int");
        var (first, then) = (postgres.Server.Admin(), other.Admin());
        await using var address = new TcpRelay(first.Host!, first.Port);
        void Through(NpgsqlConnectionStringBuilder settings) => (settings.Host, settings.Port) = ("127.0.0.1", address.Port);
        for (var tenant = 0; tenant < 3; tenant++)
            Assert.Equal("ok", await ScalarAsync<string>(databases.Tenant(database, address: Through), "select 'ok'::mood"));
        Assert.Equal(1, databases.Statistics.Shared);

        address.MoveTo(then.Host!, then.Port);
        void ThroughThen(NpgsqlConnectionStringBuilder settings)
        {
            Through(settings);
            (settings.Username, settings.Password) = (then.Username, then.Password);
        }

        var known = await KnownTypesAsync(elsewhere.Bare(database));
        for (var tenant = 0; tenant < 2; tenant++)
            Assert.Equal(known, await KnownTypesAsync(databases.Tenant(database, address: ThroughThen)));
    }

    private enum Mood
    {
        Sad,
        Ok,
    }
}
