using Akka.Actor;
using FsCheck;
using FsCheck.Fluent;
using HyperConn.Cluster.Sharding;

namespace HyperConn.Tests.Cluster.Sharding;

public class TenantEntityIdSpecs
{
    private const string Letters = "abcXYZ019/_+=.@-";

    private static readonly Arbitrary<string> Texts = Arb.From(Gen.Choose(2, 40).SelectMany(length => Gen.Elements(Letters.ToCharArray()).ArrayOf(length))
        .Select(letters => new string(letters)));

    [Fact]
    public void Whatever_a_tenant_is_called_its_id_leads_back_to_it_and_names_an_actor() => Check.QuickThrowOnFailure(Prop.ForAll(Texts, Texts, (service, org) =>
    {
        var tenant = TenantKey.Create(service, org);
        var id = TenantEntityId.Of(tenant);
        return TenantEntityId.TryParse(id, out var again) && again == tenant && ActorPath.IsValidPathElement(Uri.EscapeDataString(id));
    }));

    [Fact]
    public void Tenants_that_are_alike_when_joined_have_ids_of_their_own() => Check.QuickThrowOnFailure(Prop.ForAll(Texts, text =>
    {
        // Every way to cut the same text in two.
        var ids = Enumerable.Range(1, text.Length - 1).Select(cut => TenantKey.Create(text[..cut], text[cut..])).Distinct().Select(TenantEntityId.Of).ToList();
        return ids.Distinct(StringComparer.Ordinal).Count() == ids.Count;
    }));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("4.core")]
    [InlineData("4.core.")]
    [InlineData("5.core.a")]
    [InlineData("04.core.a")]
    [InlineData("-4.core.a")]
    [InlineData("0..a")]
    [InlineData("4.CORE.a")]
    [InlineData("4.core.a b")]
    [InlineData("99999999999.core.a")]
    [InlineData("2147483647.core.a")]
    public void What_is_no_id_is_none(string text) => Assert.False(TenantEntityId.TryParse(text, out _));

    [Theory]
    [InlineData("core", "acme", "4.core.acme", "96")]
    [InlineData("billing", "a/b+c", "7.billing.a/b+c", "87")]
    public void Ids_and_shards_are_the_same_for_ever(string service, string org, string id, string shard)
    {
        Assert.Equal(id, TenantEntityId.Of(TenantKey.Create(service, org)));
        Assert.Equal(shard, TenantEntityId.ShardOf(id, 100));
    }

    [Fact]
    public void Tenants_are_dealt_out_evenly()
    {
        var shards = Enumerable.Range(0, 10_000).Select(i => TenantEntityId.ShardOf(TenantEntityId.Of(TenantKey.Create("core", $"org{i}")), 100))
            .GroupBy(shard => shard).Select(group => group.Count()).ToList();
        Assert.Equal(100, shards.Count);
        Assert.All(shards, count => Assert.InRange(count, 50, 200));
    }
}
