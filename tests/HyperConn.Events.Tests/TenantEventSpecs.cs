using HyperConn.Events;

namespace HyperConn.Tests;

public class TenantEventSpecs
{
    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    [Fact]
    public void An_id_or_type_that_postgres_text_can_t_hold_is_refused_without_quoting_it()
    {
        // Not a theory: what discovers tests doesn't pass on half a surrogate pair.
        foreach (var text in new[] { "", "a\0b", "\ud800", "a\udc00b" })
        {
            Assert.Throws<ArgumentException>(() => new TenantEvent(Acme, text, "1", "null"));
            var fault = Assert.Throws<ArgumentException>(() => new TenantEvent(Acme, "paid", text, "null"));
            if (text.Length > 1)
                Assert.DoesNotContain(text, fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_id_has_a_longest_length_and_any_character() =>
        Assert.Equal(TenantEvent.MaxIdLength, new TenantEvent(Acme, "😀", string.Concat(Enumerable.Repeat("😀", TenantEvent.MaxIdLength / 2)), "null").Id.Length);

    [Fact]
    public void A_longer_id_is_refused() =>
        Assert.Throws<ArgumentException>(() => new TenantEvent(Acme, "paid", new string('x', TenantEvent.MaxIdLength + 1), "null"));

    [Fact]
    public void An_event_without_a_tenant_is_refused() => Assert.Throws<ArgumentException>(() => new TenantEvent(default, "paid", "1", "null"));
}
