using Npgsql;
using static HyperConn.Tests.Types.TypedDatabases;

namespace HyperConn.Tests.Types;

/// <summary>Tenants that share what Npgsql knows of types read and write as they would alone.</summary>
[Collection(PostgresCollection.Name)]
public class TypeSharingTests(PostgresFixture postgres)
{
    private const string Types =
        """
        create type mood as enum ('sad', 'ok', 'happy');
        create schema deep;
        create type deep.mood as enum ('low', 'high');
        create type address as (street text, floor int, moods mood[]);
        create domain positive as int check (value > 0);
        create domain moods as mood[];
        create type price_range as range (subtype = numeric);
        create type span as range (subtype = positive);
        """;

    // What is read, and whether it has a mapping of its own in Npgsql.
    private static readonly string[] Expressions =
    [
        "'ok'::mood", "array['ok', 'sad']::mood[]", "'high'::deep.mood", "row('a', 1, array['ok']::mood[])::address",
        "array[row('a', 1, null)::address]", "7::positive", "array[7]::positive[]", "array['ok']::moods", "'[1,5)'::price_range",
        "array['[1,5)'::price_range]", "'{[1,5),[7,9)}'::price_multirange", "'[1,5)'::span", "1", "'x'::text", "now()::date", "'[1,2)'::int4range",
        "'{1,2}'::int[]", "'127.0.0.1'::inet", "jsonb '{}'", "null::xml", "1::information_schema.cardinal_number",
    ];

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Enums_composites_domains_ranges_and_their_arrays_are_read_as_Npgsql_reads_them(bool sharing)
    {
        await using var databases = new TypedDatabases(postgres.Server, sharing);
        var database = await databases.CreateAsync(Types);
        var bare = databases.Bare(database);
        var known = await KnownTypesAsync(bare);
        for (var tenant = 0; tenant < 3; tenant++)
        {
            var source = databases.Tenant(database);
            Assert.Equal(known, await KnownTypesAsync(source));
            foreach (var expression in Expressions)
                Assert.Equal(await ReadAsync(bare, expression), await ReadAsync(source, expression));
        }

        var statistics = databases.Statistics;
        Assert.Equal(sharing ? (1, 1, 1) : (0, 0, 0), (statistics.Unshared, statistics.Loaded, statistics.Shared));
        Assert.Equal(sharing ? 1 : 0, statistics.Catalogues);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Mapped_enums_and_composites_are_written_and_read(bool sharing)
    {
        await using var databases = new TypedDatabases(postgres.Server, sharing);
        var database = await databases.CreateAsync(Types);
        if (sharing)
            await databases.ShareAsync(database);
        static void Map(NpgsqlDataSourceBuilder builder) => builder.MapEnum<Mood>("public.mood").MapComposite<Address>("public.address").EnableDynamicJson();
        var source = databases.Tenant(database, Map);
        Assert.Equal(Mood.Happy, await ScalarAsync<Mood>(source, "select $1", Mood.Happy));
        Assert.Equal([Mood.Sad, Mood.Ok], await ScalarAsync<Mood[]>(source, "select $1", new[] { Mood.Sad, Mood.Ok }));
        var home = new Address { Street = "Elm", Floor = 3, Moods = [Mood.Ok] };
        var read = await ScalarAsync<Address>(source, "select $1", home);
        Assert.Equal((home.Street, home.Floor, home.Moods[0]), (read.Street, read.Floor, read.Moods[0]));
        Assert.Equal(new Note("x", 2), await ScalarAsync<Note>(source, """select '{"Text":"x","Stars":2}'::jsonb"""));

        // A neighbour without these mappings is not touched by them.
        Assert.Equal("ok", await ScalarAsync<string>(databases.Tenant(database), "select 'ok'::mood"));
        Assert.Equal(sharing ? 2 : 0, databases.Statistics.Shared);
    }

    [SkippableFact]
    public async Task Types_of_extensions_are_shared()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync();
        foreach (var extension in new[] { "citext", "hstore", "ltree" })
        {
            try
            {
                await databases.RunAsync(database, $"create extension {extension}");
            }
            catch (PostgresException missing) when (missing.SqlState is PostgresErrorCodes.UndefinedFile or PostgresErrorCodes.FeatureNotSupported)
            {
                MachinePart.Postgres.Need(isThere: false, $"The server has no {extension}: {missing.MessageText}");
            }
        }

        await databases.ShareAsync(database);
        var source = databases.Tenant(database);
        Assert.Equal(await KnownTypesAsync(databases.Bare(database)), await KnownTypesAsync(source));
        Assert.Equal("Ab", await ScalarAsync<string>(source, "select 'Ab'::citext"));
        Assert.Equal(["Ab"], await ScalarAsync<string[]>(source, "select array['Ab']::citext[]"));
        var map = await ScalarAsync<Dictionary<string, string?>>(source, "select $1", new Dictionary<string, string?> { ["k"] = "v" });
        Assert.Equal("v", map["k"]);
        Assert.Equal("a.b", await ScalarAsync<string>(source, "select 'a.b'::ltree"));
        Assert.Equal(1, databases.Statistics.Shared);
    }

    [SkippableFact]
    public async Task Databases_without_types_of_their_own_share_one_catalogue()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        for (var i = 0; i < 4; i++)
        {
            var database = await databases.CreateAsync("create table t (id int, at timestamptz); create temp table u (id int)");
            var source = databases.Tenant(database);
            Assert.Equal(await KnownTypesAsync(databases.Bare(database)), await KnownTypesAsync(source));
        }

        Assert.Equal((1, 1, 3L), (databases.Statistics.Catalogues, databases.Statistics.Loaded, databases.Statistics.Shared));
    }

    [SkippableFact]
    public async Task Two_databases_with_the_same_numbers_for_different_types_are_told_apart()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var template = await databases.CreateAsync(Types);
        var same = await databases.CreateAsync(template: template);
        var other = await databases.CreateAsync("alter type mood rename value 'ok' to 'fine'; alter type address rename attribute floor to storey", template);
        var renamed = await databases.CreateAsync("alter type mood rename to temper", template);
        var moved = await databases.CreateAsync("alter schema deep rename to high", template);
        foreach (var database in new[] { template, same, other, renamed, moved })
        {
            await databases.ShareAsync(database);
            Assert.Equal(await KnownTypesAsync(databases.Bare(database)), await KnownTypesAsync(databases.Tenant(database)));
        }

        static void Map(NpgsqlDataSourceBuilder builder) => builder.MapComposite<House>("public.address").MapEnum<Mood>("public.mood");
        Assert.Equal(4, await FloorAsync(databases.Tenant(other, Map)));
        static void MapRenamed(NpgsqlDataSourceBuilder builder) => builder.MapEnum<Mood>("public.temper");
        Assert.Equal(Mood.Ok, await ScalarAsync<Mood>(databases.Tenant(renamed, MapRenamed), "select $1", Mood.Ok));

        // The copy says what its template says, so it has the same catalogue. The others have their own.
        Assert.Equal(4, databases.Statistics.Catalogues);
    }

    [SkippableFact]
    public async Task A_type_made_later_is_known_to_the_next_data_source()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync();
        await databases.ShareAsync(database);
        foreach (var change in Changes)
        {
            await databases.RunAsync(database, change);
            await databases.ShareAsync(database);
            var source = databases.Tenant(database);
            var known = await KnownTypesAsync(source);
            Assert.True((await KnownTypesAsync(databases.Bare(database))).SequenceEqual(known), change);
        }
    }

    // Each of them changes other rows of the server's catalogue, and most leave the numbers of types as they were.
    private static readonly string[] Changes =
    [
        "create type late as enum ('a')", "alter type late add value 'b'", "alter type late rename value 'b' to 'c'", "alter type late rename to later",
        "create type pair as (x int, y later)", "alter type pair add attribute z text", "alter type pair drop attribute x",
        "alter type pair alter attribute z type int", "alter type pair rename attribute z to w", "create domain d as int", "alter domain d set not null",
        "create schema s; alter type later set schema s", "alter schema s rename to s2", "create type r as range (subtype = float8)", "drop type r",
        "create type _pair as enum ('x')", "drop type _pair", "drop type pair; drop type s2.later; drop domain d",
        "create type later as enum ('a')", "drop type later; create type later as enum ('a')",
    ];

    [SkippableFact]
    public async Task A_type_dropped_and_made_again_is_read_by_its_new_number()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync(Types);
        await databases.ShareAsync(database);
        static void Map(NpgsqlDataSourceBuilder builder) => builder.MapEnum<Mood>("public.mood");
        Assert.Equal(Mood.Ok, await ScalarAsync<Mood>(databases.Tenant(database, Map), "select $1", Mood.Ok));
        await databases.RunAsync(database, "drop type mood cascade; create type mood as enum ('happy', 'ok', 'sad')");
        Assert.Equal(Mood.Ok, await ScalarAsync<Mood>(databases.Tenant(database, Map), "select $1", Mood.Ok));
        Assert.Equal(Mood.Ok, await ScalarAsync<Mood>(databases.Tenant(database, Map), "select $1", Mood.Ok));
    }

    [SkippableFact]
    public async Task ReloadTypes_really_reloads_and_only_for_its_own_data_source()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync();
        await databases.ShareAsync(database);
        static void Map(NpgsqlDataSourceBuilder builder) => builder.MapEnum<Mood>("public.mood");
        var (source, neighbour) = (databases.Tenant(database, Map), databases.Tenant(database, Map));
        await ScalarAsync<int>(source, "select 1");
        await ScalarAsync<int>(neighbour, "select 1");
        await databases.RunAsync(database, Types);
        await Assert.ThrowsAnyAsync<Exception>(() => ScalarAsync<Mood>(source, "select 'ok'::mood"));
        await source.ReloadTypesAsync();
        Assert.Equal(Mood.Ok, await ScalarAsync<Mood>(source, "select $1", Mood.Ok));
        await Assert.ThrowsAnyAsync<Exception>(() => ScalarAsync<Mood>(neighbour, "select 'ok'::mood"));
        neighbour.ReloadTypes();
        Assert.Equal(Mood.Ok, await ScalarAsync<Mood>(neighbour, "select $1", Mood.Ok));
    }

    [SkippableFact]
    public async Task A_role_without_rights_knows_the_same_types_as_with_Npgsql_alone()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync(Types + "revoke all on schema public, deep from public");
        var role = await databases.CreateRoleAsync();
        await databases.ShareAsync(database);
        Assert.Equal(await KnownTypesAsync(databases.Bare(database, role: role)), await KnownTypesAsync(databases.Tenant(database, role: role)));
        Assert.Equal(1, databases.Statistics.Shared);
    }

    [SkippableFact]
    public async Task A_role_may_not_lead_the_check_astray_by_its_search_path()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync(
            """
            create type mood as enum ('a');
            create view public.pg_type as select * from pg_catalog.pg_type where false;
            create view public.pg_enum as select * from pg_catalog.pg_enum where false;
            """);
        var role = await databases.CreateRoleAsync();
        await databases.RunAsync(database, $"alter role {role} set search_path = public, pg_catalog");
        await databases.ShareAsync(database);
        await ScalarAsync<int>(databases.Tenant(database, role: role), "select 1");
        Assert.Equal(1, databases.Statistics.Shared);
        Assert.Equal("a", await ScalarAsync<string>(databases.Tenant(database), "select 'a'::mood"));
    }

    [SkippableFact]
    public async Task A_database_restored_under_its_name_is_known_anew()
    {
        await using var databases = new TypedDatabases(postgres.Server);
        var database = await databases.CreateAsync(Types);
        await databases.ShareAsync(database);
        await databases.DropAsync(database);
        await databases.CreateNamedAsync(database, "create type other as enum ('x'); create type mood as enum ('ok', 'sad', 'happy')");
        var source = databases.Tenant(database, builder => builder.MapEnum<Mood>("public.mood"));
        Assert.Equal(Mood.Sad, await ScalarAsync<Mood>(source, "select $1", Mood.Sad));
        Assert.Equal(await KnownTypesAsync(databases.Bare(database)), await KnownTypesAsync(databases.Tenant(database)));
    }

    private static async Task<int> FloorAsync(NpgsqlDataSource source) =>
        (await ScalarAsync<House>(source, "select row('a', 4, null)::address")).Storey;

    private static async Task<string> ReadAsync(NpgsqlDataSource source, string expression)
    {
        await using var command = source.CreateCommand($"select {expression}");
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        string value;
        try
        {
            value = System.Text.Json.JsonSerializer.Serialize(reader.IsDBNull(0) ? null : reader.GetFieldType(0) == typeof(object) ? "?" : reader.GetValue(0).ToString());
        }
        catch (Exception refused) when (refused is InvalidCastException or NotSupportedException)
        {
            value = refused.GetType().Name;
        }

        return $"{reader.GetDataTypeName(0)} {reader.GetDataTypeOID(0)} {value}";
    }

    private enum Mood
    {
        Sad,
        Ok,
        Happy,
    }

    private sealed record Note(string Text, int Stars);

    private sealed class Address
    {
        public string Street { get; set; } = "";

        public int Floor { get; set; }

        public Mood[] Moods { get; set; } = [];
    }

    private sealed class House
    {
        public string? Street { get; set; }

        public int Storey { get; set; }

        public Mood[]? Moods { get; set; }
    }
}
