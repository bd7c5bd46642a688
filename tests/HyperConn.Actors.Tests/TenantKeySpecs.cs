namespace HyperConn.Tests;

public class TenantKeySpecs
{
    [Fact]
    public void Keys_that_collide_when_joined_are_different_tenants()
    {
        Assert.NotEqual(TenantKey.Create("core", "a_b"), TenantKey.Create("core_a", "b"));
    }

    [Fact]
    public void The_service_is_lower_cased_and_the_organisation_is_kept()
    {
        var key = TenantKey.Create("CORE", "Org1");
        Assert.Equal(("core", "Org1"), (key.Service, key.Org));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("a b")]
    [InlineData("$org")]
    [InlineData("50%")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("orgé")]
    [InlineData("🐘")]
    [InlineData("arn:aws:secretsmanager:eu-west-1:1:secret:x")]
    [InlineData("ARN:x")]
    public void An_organisation_no_secret_can_be_named_after_is_refused(string? org)
    {
        var refused = Assert.Throws<HyperConnException>(() => TenantKey.Create("core", org!));
        Assert.Equal(HyperConnErrorCode.InvalidTenant, refused.Code);
        if (org is { Length: > 0 })
            Assert.DoesNotContain(org, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Six_hundred_characters_are_too_many()
    {
        Assert.False(TenantKey.TryCreate("core", new string('x', 600), out _));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("a@b.c+d=e_f-g")]
    public void Characters_of_secret_names_are_allowed(string org)
    {
        Assert.Equal(org, TenantKey.Create("core", org).Org);
    }
}
