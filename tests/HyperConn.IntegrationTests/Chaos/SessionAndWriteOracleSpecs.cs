using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Oracles;

namespace HyperConn.Tests.Chaos;

/// <summary>What the oracles of sessions and writes let pass, and what not.</summary>
public class SessionAndWriteOracleSpecs
{
    private static readonly TenantKey Tenant = TenantKey.Create("core", "acme");
    private static readonly SessionIdentity Right = new("acme", "shared", "of_acme");

    private readonly WriteOracle _writes = new();

    [Fact]
    public void A_session_of_its_tenant_is_right()
    {
        var oracle = new SessionOracle();
        oracle.Judge(new SessionFact(Tenant, Right, ["acme", "acme_clone"], Right));
        oracle.Judge(new SessionFact(Tenant, Right, ["acme", "acme_clone"], Right with { User = "acme_clone" }));
        Assert.Equal((2, 0), (oracle.Observations, oracle.Found));
    }

    [Theory]
    [InlineData("beta", "shared", "of_acme")]
    [InlineData("acme", "other", "of_acme")]
    [InlineData("acme", "shared", "of_beta")]
    [InlineData("acme", "shared", null)]
    [InlineData(null, "shared", "of_acme")]
    public void A_session_of_another_user_database_or_schema_is_found(string? user, string? database, string? schema)
    {
        var oracle = new SessionOracle();
        oracle.Judge(new SessionFact(Tenant, Right, ["acme", "acme_clone"], new SessionIdentity(user, database, schema)));
        Assert.Equal(1, oracle.Found);
    }

    [Fact]
    public void Writes_that_were_acknowledged_and_are_there_once_are_right()
    {
        var (first, second) = (Acknowledged("a"), Acknowledged("b"));
        var unknown = _writes.Begin("a");
        var lost = _writes.Begin("b");
        _writes.Judge([new("a", "a", first), new("b", "b", second), new("a", "a", unknown)], ["a", "b"]);
        Assert.Equal((3, 0), (_writes.Observations, _writes.Found));

        // It was under way all the time.
        _writes.Judge([new("b", "b", lost)], ["a", "b"]);
        Assert.Equal(0, _writes.Found);
    }

    [Fact]
    public void An_acknowledged_write_that_is_not_there_is_found()
    {
        Acknowledged("a");
        _writes.Judge([], ["a"]);
        Assert.Contains("was acknowledged and is not there", Assert.Single(_writes.Findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_that_were_not_read_say_nothing()
    {
        Acknowledged("a");
        _writes.Judge([], ["b"]);
        Assert.Equal(0, _writes.Found);
        _writes.Judge([], ["a"]);
        Assert.Equal(1, _writes.Found);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_write_that_is_there_twice_is_found(bool acknowledged)
    {
        var write = acknowledged ? Acknowledged("a") : _writes.Begin("a");
        _writes.Judge([new("a", "a", write), new("a", "a", write)], ["a"]);
        Assert.Contains("more than once", Assert.Single(_writes.Findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_that_comes_again_after_it_was_judged_is_found()
    {
        var write = Acknowledged("a");
        _writes.Judge([new("a", "a", write)], ["a"]);
        _writes.Judge([new("a", "a", write)], ["a"]);
        Assert.Equal(1, _writes.Found);
    }

    [Fact]
    public void A_row_in_another_tenants_table_is_found()
    {
        var write = _writes.Begin("a");
        _writes.Judge([new("b", "a", write)], ["a", "b"]);
        Assert.Contains("is in the table of b", Assert.Single(_writes.Findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_nobody_wrote_is_found()
    {
        _writes.Judge([new("a", "a", 77)], ["a"]);
        Assert.Equal(1, _writes.Found);
    }

    [Fact]
    public void Nothing_is_asked_of_a_tenant_that_was_deleted()
    {
        Acknowledged("a");
        _writes.Forget("a");
        _writes.Judge([], ["a"]);
        Assert.Equal(0, _writes.Found);
    }

    private long Acknowledged(string tenant)
    {
        var write = _writes.Begin(tenant);
        _writes.Acknowledge(write);
        return write;
    }
}
