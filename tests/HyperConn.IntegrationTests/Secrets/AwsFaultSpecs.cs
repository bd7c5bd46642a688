using HyperConn.Secrets;
using HyperConn.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Integration;

/// <summary>The AWS store against a service that misbehaves.</summary>
public sealed class AwsFaultSpecs : IAsyncLifetime
{
    private const string Canary = "c4n4ry";
    private const string Key = "k3y-c4n4ry";

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly AwsSecretOptions _options = new()
    {
        Region = "eu-west-1",
        AccessKeyId = "AKID",
        SecretAccessKey = Key,
        MaxRetries = 1,
        Timeout = TimeSpan.FromSeconds(20),
    };

    private FaultyAwsEndpoint _aws = null!;
    private AwsSecretStore? _store;

    private AwsSecretStore Store => _store ??= new AwsSecretStore(_options, NullLogger.Instance, _clock);

    public async Task InitializeAsync()
    {
        _aws = await FaultyAwsEndpoint.StartAsync();
        _options.ServiceUrl = _aws.Url;
        for (var i = 0; i < 20; i++)
            _aws.Put("martech-org" + i, $$"""{"core-postgresql":"{{Canary}}{{i}}"}""");
    }

    public async Task DisposeAsync()
    {
        _store?.Dispose();
        await _aws.DisposeAsync();
    }

    [Theory]
    [InlineData(400, "ResourceNotFoundException", HyperConnErrorCode.SecretNotFound)]
    [InlineData(400, "InvalidRequestException", HyperConnErrorCode.SecretNotFound)]
    [InlineData(400, "AccessDeniedException", HyperConnErrorCode.AccessDenied)]
    [InlineData(400, "DecryptionFailure", HyperConnErrorCode.AccessDenied)]
    [InlineData(400, "UnrecognizedClientException", HyperConnErrorCode.AccessDenied)]
    [InlineData(403, "InvalidSignatureException", HyperConnErrorCode.AccessDenied)]
    [InlineData(400, "ExpiredTokenException", HyperConnErrorCode.AccessDenied)]
    [InlineData(403, "com.amazonaws.secretsmanager#AccessDeniedException", HyperConnErrorCode.AccessDenied)]
    [InlineData(400, "ThrottlingException", HyperConnErrorCode.StoreThrottled)]
    [InlineData(429, "", HyperConnErrorCode.StoreThrottled)]
    [InlineData(400, "InvalidParameterException", HyperConnErrorCode.SecretMalformed)]
    [InlineData(500, "InternalServiceError", HyperConnErrorCode.StoreUnavailable)]
    [InlineData(503, "", HyperConnErrorCode.StoreUnavailable)]
    public async Task Each_error_has_its_meaning_and_nothing_of_it_is_quoted(int status, string code, HyperConnErrorCode expected)
    {
        _aws.Script("*", AwsScripts.Error(status, code, $"signature mismatch {Canary} {Key}"));
        Denies(expected, await Store.GetAsync("martech-org1", default));
        foreach (var result in (await Store.GetManyAsync(["martech-org1", "martech-org2"], default)).Values)
            Denies(expected, result);
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => Store.StoreAsync("martech-org1", $$"""{"x":"{{Canary}}"}""", default));
        Assert.Equal(expected, refused.Code);
        Assert.DoesNotContain(Canary, refused.ToString(), StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<HyperConnException>(
            async () => await Store.ListNamesAsync("martech-", default).GetAsyncEnumerator().MoveNextAsync());
        Assert.Equal(expected, refused.Code);
        Assert.DoesNotContain(Key, refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passing_faults_are_retried_by_the_sdk()
    {
        _aws.Script("GetSecretValue", AwsScripts.First(1, AwsScripts.InternalError));
        Assert.IsType<SecretResult.Found>(await Store.GetAsync("martech-org1", default));
        Assert.Equal(2, _aws.Count("GetSecretValue"));
        _aws.Script("GetSecretValue", AwsScripts.InternalError);
        Denies(HyperConnErrorCode.StoreUnavailable, await Store.GetAsync("martech-org1", default));
        Assert.Equal(4, _aws.Count("GetSecretValue"));
    }

    [Fact]
    public async Task Without_retries_a_call_is_one_request()
    {
        _options.MaxRetries = 0;
        _aws.Script("GetSecretValue", AwsScripts.Throttle);
        Denies(HyperConnErrorCode.StoreThrottled, await Store.GetAsync("martech-org1", default));
        Assert.Equal(1, _aws.Count("GetSecretValue"));
    }

    [Fact]
    public async Task A_service_that_hangs_is_given_up()
    {
        _options.MaxRetries = 0;
        _options.Timeout = TimeSpan.FromMilliseconds(200);
        _aws.Script("*", AwsScripts.Hang);
        Denies(HyperConnErrorCode.StoreUnavailable, await Store.GetAsync("martech-org1", default));
    }

    [Fact]
    public async Task A_slow_service_is_waited_for()
    {
        _aws.Script("*", AwsScripts.Slow(TimeSpan.FromMilliseconds(300)));
        Assert.IsType<SecretResult.Found>(await Store.GetAsync("martech-org1", default));
    }

    [Fact]
    public async Task The_callers_cancellation_is_thrown()
    {
        _aws.Script("*", AwsScripts.Hang);
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.GetAsync("martech-org1", cancel.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.GetManyAsync(["a", "b"], cancel.Token));
    }

    [Fact]
    public async Task A_cut_connection_and_a_dead_endpoint_are_unavailable()
    {
        _aws.Script("*", AwsScripts.Cut);
        Denies(HyperConnErrorCode.StoreUnavailable, await Store.GetAsync("martech-org1", default));
        await _aws.DisposeAsync();
        Denies(HyperConnErrorCode.StoreUnavailable, await Store.GetAsync("martech-org1", default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>c4n4ry</html>")]
    [InlineData("{\"Name\":\"martech-org1\",\"SecretString\":\"c4n4ry")]
    [InlineData("[\"c4n4ry\"]")]
    [InlineData("null")]
    [InlineData("{\"Name\":\"martech-org1\",\"SecretBinary\":\"!c4n4ry!\",\"VersionId\":\"v\"}")]
    [InlineData("{\"Name\":\"martech-org1\",\"SecretString\":\"c4n4ry\"}")]
    public async Task An_answer_that_can_not_be_read_is_a_failure_that_quotes_none_of_it(string body)
    {
        _aws.Script("*", AwsScripts.Reply(new AwsReply(200, body)));
        var failed = Assert.IsType<SecretResult.Failed>(await Store.GetAsync("martech-org1", default));
        Assert.DoesNotContain(Canary, failed.ToString(), StringComparison.Ordinal);
        foreach (var result in (await Store.GetManyAsync(["martech-org1", "martech-org2"], default)).Values)
            Assert.DoesNotContain(Canary, Assert.IsType<SecretResult.Failed>(result).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("martech")]
    [InlineData("martech-ABCDEF")]
    [InlineData("")]
    public async Task Another_secret_than_the_one_asked_for_is_never_served(string name)
    {
        var answer = $$"""{"Name":"{{name}}","SecretString":"{\"core-postgresql\":\"{{Canary}}\"}","VersionId":"v"}""";
        _aws.Script("GetSecretValue", AwsScripts.Reply(new AwsReply(200, answer)));
        _aws.Script("BatchGetSecretValue", AwsScripts.Reply(new AwsReply(200, $$"""{"SecretValues":[{{answer}}],"Errors":[]}""")));
        Denies(HyperConnErrorCode.SecretNotFound, await Store.GetAsync("martech-abcdef", default));
        var many = await Store.GetManyAsync(["martech-abcdef", "martech-other1"], default);
        Assert.All(many.Values, result => Denies(HyperConnErrorCode.SecretNotFound, result));
    }

    [Fact]
    public async Task One_ids_error_in_a_batch_is_its_own()
    {
        _aws.Script("BatchGetSecretValue", AwsScripts.Reply(new AwsReply(200, """
            {"SecretValues":[{"Name":"a","SecretString":"{}","VersionId":"v"}],
             "Errors":[{"SecretId":"b","ErrorCode":"DecryptionFailure"},{"SecretId":"c","ErrorCode":"InternalServiceError"},
                       {"SecretId":"d","ErrorCode":"ThrottlingException"},{"SecretId":"e","ErrorCode":"ResourceNotFoundException"}]}
            """)));
        var many = await Store.GetManyAsync(["a", "b", "c", "d", "e"], default);
        Assert.IsType<SecretResult.Found>(many["a"]);
        Denies(HyperConnErrorCode.AccessDenied, many["b"]);
        Denies(HyperConnErrorCode.StoreUnavailable, many["c"]);
        Denies(HyperConnErrorCode.StoreThrottled, many["d"]);
        Denies(HyperConnErrorCode.SecretNotFound, many["e"]);
    }

    [Fact]
    public async Task A_batch_in_several_pages_is_read_to_its_end()
    {
        _aws.Script("BatchGetSecretValue", (call, _) => Task.FromResult<AwsReply?>(new AwsReply(200, call.Body["NextToken"] is null
            ? """{"SecretValues":[{"Name":"a","SecretString":"{}","VersionId":"v"}],"NextToken":"more"}"""
            : """{"SecretValues":[{"Name":"b","SecretString":"{}","VersionId":"v"}]}""")));
        var many = await Store.GetManyAsync(["a", "b"], default);
        Assert.All(many.Values, result => Assert.IsType<SecretResult.Found>(result));
        Assert.Equal(2, _aws.Count("BatchGetSecretValue"));
    }

    [Fact]
    public async Task Without_the_permission_for_batches_single_gets_answer_and_a_batch_is_tried_again_later()
    {
        var names = Enumerable.Range(0, 20).Select(i => "martech-org" + i).ToList();
        _aws.Script("BatchGetSecretValue", AwsScripts.Forbid);
        var many = await Store.GetManyAsync(names, default);
        Assert.All(names, name => Assert.IsType<SecretResult.Found>(many[name]));
        Assert.Equal(1, Store.MaxBatchSize);
        await Store.GetManyAsync(names, default);
        Assert.Equal((1, 40), (_aws.Count("BatchGetSecretValue"), _aws.Count("GetSecretValue")));

        _clock.Advance(AwsSecretStore.BatchRetryAfter);
        _aws.Script("BatchGetSecretValue", null);
        Assert.Equal(20, Store.MaxBatchSize);
        many = await Store.GetManyAsync(names, default);
        Assert.All(names, name => Assert.IsType<SecretResult.Found>(many[name]));
        Assert.Equal((2, 40), (_aws.Count("BatchGetSecretValue"), _aws.Count("GetSecretValue")));
    }

    [Fact]
    public async Task Names_the_filter_lets_through_are_compared_again()
    {
        _aws.Put("MARTECH-org1", "{}");
        _aws.Put("other-martech-org1", "{}");
        var names = new List<string>();
        await foreach (var name in Store.ListNamesAsync("martech-", default))
            names.Add(name);
        Assert.Equal(20, names.Count);
        Assert.All(names, name => Assert.StartsWith("martech-", name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Calls_are_signed_for_the_region_and_the_service_with_the_given_key()
    {
        await Store.GetAsync("martech-org1", default);
        var authorization = _aws.Calls[0].Authorization;
        Assert.StartsWith("AWS4-HMAC-SHA256 Credential=AKID/", authorization, StringComparison.Ordinal);
        Assert.Contains("/eu-west-1/secretsmanager/aws4_request", authorization, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_make_no_sense_are_refused_at_once()
    {
        Refuses(options => options.SecretAccessKey = null);
        Refuses(options => options.AccessKeyId = null);
        Refuses(options => options.ServiceUrl = "not an address");
        Refuses(options => (options.AccessKeyId, options.SecretAccessKey, options.SessionToken) = (null, null, "token"));

        static void Refuses(Action<AwsSecretOptions> spoil)
        {
            var options = new AwsSecretOptions { Region = "eu-west-1", AccessKeyId = "AKID", SecretAccessKey = Key };
            spoil(options);
            var refused = Assert.Throws<HyperConnException>(() => new AwsSecretStore(options, NullLogger.Instance));
            Assert.Equal(HyperConnErrorCode.NotConfigured, refused.Code);
            Assert.DoesNotContain(Key, refused.ToString(), StringComparison.Ordinal);
        }
    }

    private static void Denies(HyperConnErrorCode expected, SecretResult result)
    {
        var failed = Assert.IsType<SecretResult.Failed>(result);
        Assert.Equal(expected, failed.Code);
        Assert.DoesNotContain(Canary, failed.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, failed.ToString(), StringComparison.Ordinal);
    }
}
