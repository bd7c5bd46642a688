using HyperConn.Secrets;

namespace HyperConn.Tests.Secrets;

/// <summary>An entry is added only to what it can be added to without losing anything.</summary>
public class SecretWriterSpecs
{
    private static readonly TenantKey Tenant = TenantKey.Create("core", "org1");

    private readonly OneSecret _store = new();

    [Fact]
    public async Task An_entry_stands_beside_what_the_secret_has()
    {
        _store.Now = new SecretResult.Found("""{"note":[1],"core-postgresql":"postgresql://old"}""", "v1");
        await Store();
        Assert.Equal("""{"note":[1],"core-postgresql":"postgresql://new"}""", _store.Stored);
    }

    [Theory]
    [InlineData("[\"canary\"]")]
    [InlineData("\"canary\"")]
    [InlineData("null")]
    [InlineData("canary")]
    [InlineData("")]
    [InlineData("""{"note":"canary","note":"1"}""")]
    [InlineData("""{"core-postgresql":"canary","core-postgresql":"1"}""")]
    [InlineData("""{"note":"canary \ud800"}""")]
    [InlineData("""{"canary \udc00":"1"}""")]
    public async Task A_secret_that_an_entry_can_not_be_added_to_is_left_as_it_is(string text)
    {
        _store.Now = new SecretResult.Found(text, "v1");
        var refused = await Assert.ThrowsAsync<HyperConnException>(Store);
        Assert.Equal(HyperConnErrorCode.SecretMalformed, refused.Code);
        Assert.DoesNotContain("canary", refused.ToString(), StringComparison.Ordinal);
        Assert.Null(_store.Stored);
    }

    [Fact]
    public async Task Nothing_is_written_where_the_secret_can_not_be_read()
    {
        _store.Now = new SecretResult.Failed(HyperConnErrorCode.StoreThrottled, "No.");
        var refused = await Assert.ThrowsAsync<HyperConnException>(Store);
        Assert.Equal((HyperConnErrorCode.StoreThrottled, Tenant), (refused.Code, refused.Failure.Tenant));
        _store.Now = null;
        await Assert.ThrowsAsync<InvalidOperationException>(Store);
        Assert.Null(_store.Stored);
    }

    private Task Store() => new SecretWriter(_store).StoreAsync("martech-org1", Tenant, "postgresql://new", default);

    private sealed class OneSecret : ISecretStore
    {
        public SecretResult? Now { get; set; }

        public string? Stored { get; private set; }

        public Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Now!);

        public Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken)
        {
            Stored = value;
            return Task.FromResult("v2");
        }
    }
}
