using System.Runtime.CompilerServices;
using HyperConn.Primitives;
using HyperConn.TypeCatalogues;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Npgsql.Internal;
using Npgsql.PostgresTypes;

namespace HyperConn.Tests.Types;

public class TypeSharingSpecs
{
    private static readonly NpgsqlInternals Internals = NpgsqlInternals.TryBind(out _)!;

    [Fact]
    public void The_Npgsql_in_use_has_all_that_is_needed()
    {
        Assert.NotNull(NpgsqlInternals.TryBind(out var missing));
        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("get_DataSource")]
    [InlineData("_passwordProvider")]
    [InlineData("GetTypes")]
    [InlineData("ProcessTypes")]
    [InlineData("Factories")]
    [InlineData("_loadTypes")]
    public void An_Npgsql_that_lacks_something_is_noticed(string lacking)
    {
        Assert.Null(NpgsqlInternals.TryBind((type, name) => name == lacking ? null : NpgsqlInternals.Find(type, name), out var missing));
        Assert.EndsWith(lacking, missing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("15.18 (Debian 15.18-0+deb12u1)", true)]
    [InlineData("16.4", true)]
    [InlineData("18devel", true)]
    [InlineData("17beta2", true)]
    [InlineData("11.22", true)]
    [InlineData("10.23", false)]
    [InlineData("9.6.24", false)]
    [InlineData("8.0.2", false)]
    [InlineData("11.2-YB-2.19.0.0-b0", false)]
    [InlineData("13.0.0", false)]
    [InlineData("", false)]
    public void Servers_are_PostgreSQL_by_their_version(string version, bool isPostgres) =>
        Assert.Equal(isPostgres, PostgresVersion.TryGet(new Dictionary<string, string> { ["server_version"] = version }, out _));

    [Fact]
    public void Servers_with_parameters_of_others_are_not() => Assert.False(PostgresVersion.TryGet(
        new Dictionary<string, string> { ["server_version"] = "13.1", ["crdb_version"] = "CockroachDB CCL v23" }, out _));

    [Theory]
    [InlineData("PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu", true)]
    [InlineData("PostgreSQL 11.2-YB-2.19.0.0-b0 on x86_64", false)]
    [InlineData("PostgreSQL 8.0.2 on i686, Redshift 1.0", false)]
    [InlineData("CockroachDB CCL v23.1", false)]
    [InlineData(null, false)]
    public void Servers_are_PostgreSQL_by_their_name(string? name, bool isPostgres) => Assert.Equal(isPostgres, PostgresVersion.IsName(name));

    [Fact]
    public void A_database_is_shared_from_its_second_tenant_on()
    {
        var users = new DatabaseUsers();
        var database = new DatabaseAddress("h", 5432, "d");
        var (a, b) = (TenantKey.Create("core", "a"), TenantKey.Create("core", "b"));
        Assert.False(users.IsOnlyUser(database, a));
        Assert.False(users.Add(database, a));
        Assert.True(users.IsOnlyUser(database, a));
        Assert.False(users.HasSeveral(database));
        Assert.False(users.Add(database, a));
        Assert.True(users.Add(database, b));
        Assert.True(users.HasSeveral(database));
        Assert.True(users.Add(database, a));
        Assert.False(users.HasSeveral(database with { Name = "e" }));
    }

    [Fact]
    public void A_question_serves_those_whose_open_began_before_it()
    {
        var checks = new ChecksUnderWay();
        var database = new DatabaseAddress("h", 5432, "d");
        var (brief, whole) = (Task.FromResult<CatalogueProof?>(null), Task.FromResult<CatalogueProof?>(null));
        checks.Begin(database, "15.1", Second(2), briefly: true, brief);
        Assert.Same(brief, checks.Find(database, "15.1", Second(1), briefly: true));
        Assert.Same(brief, checks.Find(database, "15.1", Second(2), briefly: true));
        Assert.Null(checks.Find(database, "15.1", Second(3), briefly: true));
        Assert.Null(checks.Find(database, "15.1", Second(1), briefly: false));
        Assert.Null(checks.Find(database, "15.2", Second(1), briefly: true));
        Assert.Null(checks.Find(database with { Name = "e" }, "15.1", Second(1), briefly: true));
        checks.Begin(database, "15.1", Second(4), briefly: false, whole);
        Assert.Same(whole, checks.Find(database, "15.1", Second(3), briefly: true));
        Assert.Same(whole, checks.Find(database, "15.1", Second(3), briefly: false));

        static TimeSpan Second(int number) => TimeSpan.FromSeconds(number);
    }

    [Fact]
    public void A_login_counts_for_one_loading_and_only_at_the_server_itself()
    {
        var time = new FakeTimeProvider();
        var sharing = new CatalogueSharing(new MonotonicClock(time), NullLogger.Instance);
        var isDirect = true;
        var password = new MarkedPassword(TenantKey.Create("core", "a"), () => "p", sharing) { IsDirect = () => isDirect };
        Assert.Null(password.TakeLogin());
        Assert.Equal("p", password.Get(new NpgsqlConnectionStringBuilder()));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("p", password.Get(new NpgsqlConnectionStringBuilder()));
        Assert.Equal(sharing.Now, password.TakeLogin());
        Assert.Null(password.TakeLogin());
        password.Get(new NpgsqlConnectionStringBuilder());
        isDirect = false;
        Assert.Null(password.TakeLogin());

        var unknown = new MarkedPassword(TenantKey.Create("core", "a"), () => "p", sharing);
        unknown.Get(new NpgsqlConnectionStringBuilder());
        Assert.Null(unknown.TakeLogin());
    }

    [Fact]
    public void Catalogues_that_say_the_same_are_one_and_go_when_nobody_uses_them()
    {
        var time = new FakeTimeProvider();
        var shelf = new CatalogueShelf(new MonotonicClock(time));
        FillAndCheck(shelf, time);
        Collect();

        // Those of the last ten minutes are kept, and no more than so many.
        Assert.Equal(CatalogueShelf.MaxKept, shelf.Count().Catalogues);
        time.Advance(CatalogueShelf.KeptFor + TimeSpan.FromSeconds(1));
        shelf.TidyNowAndThen();
        Collect();
        Assert.Equal(0, shelf.Count().Catalogues);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FillAndCheck(CatalogueShelf shelf, FakeTimeProvider time)
    {
        var first = shelf.Put(Key(0), new Digest(0, 0, 0, 0), Make());
        Assert.Same(first, shelf.Put(Key(1), new Digest(0, 0, 0, 0), Make()));
        Assert.Same(first, shelf.Find(Key(1)));
        Assert.Null(shelf.Find(Key(2)));
        for (ulong i = 2; i < CatalogueShelf.MaxKept + 50; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            shelf.Put(Key(i), new Digest(i, 0, 0, 0), Make());
        }
    }

    private static CatalogueKey Key(ulong number) => new("h", 1, "15.1", new Digest(number, 1, 1, 1));

    private static SharedCatalogue Make() => SharedCatalogue.TryMake(Internals, new NoTypes())!;

    private static void Collect()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private sealed class NoTypes() : NpgsqlDatabaseInfo("h", 1, "d", new Version(15, 1))
    {
        protected override IEnumerable<PostgresType> GetTypes() => [];
    }
}
