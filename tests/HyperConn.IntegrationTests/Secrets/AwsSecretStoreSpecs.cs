using System.Text.Json.Nodes;
using HyperConn.Secrets;
using HyperConn.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>The AWS store on an emulator's wire.</summary>
[Collection(AwsWire.Name)]
public sealed class AwsSecretStoreSpecs(AwsEmulatorFixture aws) : IDisposable
{
    private readonly string _prefix = $"it{Guid.NewGuid():N}-";
    private AwsSecretStore? _store;
    private RawSecretsManager? _raw;

    private AwsSecretStore Store => _store ??= new AwsSecretStore(Settings(), NullLogger.Instance);

    private RawSecretsManager Raw => _raw ??= new RawSecretsManager(aws.Url);

    public void Dispose()
    {
        _store?.Dispose();
        _raw?.Dispose();
    }

    [SkippableFact]
    public async Task Storing_creates_a_secret_and_then_gives_it_new_versions()
    {
        var name = _prefix + "org1";
        var first = await Store.StoreAsync(name, """{"core-postgresql":"postgresql://a"}""", default);
        Assert.Equal(new SecretResult.Found("""{"core-postgresql":"postgresql://a"}""", first), await Store.GetAsync(name, default));
        var second = await Store.StoreAsync(name, """{"core-postgresql":"postgresql://b"}""", default);
        Assert.NotEqual(first, second);
        Assert.Equal(new SecretResult.Found("""{"core-postgresql":"postgresql://b"}""", second), await Store.GetAsync(name, default));
    }

    [SkippableFact]
    public async Task A_secret_that_is_not_there_is_not_found()
    {
        Assert.Equal(HyperConnErrorCode.SecretNotFound, Assert.IsType<SecretResult.Failed>(await Store.GetAsync(_prefix + "none", default)).Code);
    }

    [SkippableFact]
    public async Task A_batch_answers_for_each_name()
    {
        var names = Enumerable.Range(0, 20).Select(i => $"{_prefix}org{i}").ToList();
        foreach (var name in names.Take(15))
            await Store.StoreAsync(name, $$"""{"name":"{{name}}"}""", default);
        var results = await Store.GetManyAsync(names, default);
        Assert.Equal(20, results.Count);
        foreach (var name in names.Take(15))
            Assert.Equal($$"""{"name":"{{name}}"}""", Assert.IsType<SecretResult.Found>(results[name]).Text);
        foreach (var name in names.Skip(15))
            Assert.Equal(HyperConnErrorCode.SecretNotFound, Assert.IsType<SecretResult.Failed>(results[name]).Code);
        Assert.Equal(20, Store.MaxBatchSize);
    }

    [SkippableFact]
    public async Task Names_are_listed_by_exact_prefix_over_all_pages()
    {
        var names = Enumerable.Range(0, 105).Select(i => $"{_prefix}org{i:000}").ToList();
        foreach (var name in names.Append(_prefix.ToUpperInvariant() + "other").Append("x" + _prefix + "other"))
            await Store.StoreAsync(name, "{}", default);
        var listed = new List<string>();
        await foreach (var name in Store.ListNamesAsync(_prefix, default))
            listed.Add(name);
        Assert.Equal(names, listed.Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task Only_the_current_version_of_a_rotation_is_served()
    {
        var name = _prefix + "rotating";
        var old = await Store.StoreAsync(name, """{"v":"old"}""", default);
        var pending = await Raw.PutPendingAsync(name, """{"v":"new"}""");
        Assert.Equal(new SecretResult.Found("""{"v":"old"}""", old), await Store.GetAsync(name, default));
        await Raw.PromoteAsync(name, old, pending);
        Assert.Equal(new SecretResult.Found("""{"v":"new"}""", pending), await Store.GetAsync(name, default));
        Assert.Equal(new SecretResult.Found("""{"v":"new"}""", pending), (await Store.GetManyAsync([name, _prefix + "none"], default))[name]);
    }

    [SkippableFact]
    public async Task A_secret_scheduled_for_deletion_is_not_found_until_it_is_restored()
    {
        var name = _prefix + "deleted";
        await Store.StoreAsync(name, "{}", default);
        await Raw.CallAsync("DeleteSecret", new JsonObject { ["SecretId"] = name });
        Assert.Equal(HyperConnErrorCode.SecretNotFound, Assert.IsType<SecretResult.Failed>(await Store.GetAsync(name, default)).Code);
        await Raw.CallAsync("RestoreSecret", new JsonObject { ["SecretId"] = name });
        Assert.IsType<SecretResult.Found>(await Store.GetAsync(name, default));
    }

    [SkippableFact]
    public async Task A_binary_secret_is_malformed()
    {
        var name = _prefix + "binary";
        await Raw.CallAsync("CreateSecret", new JsonObject { ["Name"] = name, ["SecretBinary"] = Convert.ToBase64String([1, 2, 3]) });
        Assert.Equal(HyperConnErrorCode.SecretMalformed, Assert.IsType<SecretResult.Failed>(await Store.GetAsync(name, default)).Code);
    }

    [SkippableFact]
    public async Task Temporary_keys_sign_with_their_session_token()
    {
        var settings = Settings();
        settings.SessionToken = "session";
        using var store = new AwsSecretStore(settings, NullLogger.Instance);
        Assert.IsType<SecretResult.Failed>(await store.GetAsync(_prefix + "none", default));
    }

    private AwsSecretOptions Settings() => new()
    {
        ServiceUrl = aws.Url,
        Region = "eu-west-1",
        AccessKeyId = "test",
        SecretAccessKey = "test",
        Timeout = TimeSpan.FromSeconds(30),
    };
}
