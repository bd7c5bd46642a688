using System.Text.Json.Nodes;
using HyperConn.Secrets;
using HyperConn.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests.Integration;

/// <summary>Answers of Secrets Manager that lack what they usually have, or word it in another way.</summary>
public sealed class AwsAnswerSpecs : IAsyncLifetime
{
    private readonly AwsSecretOptions _options = new()
    {
        Region = "eu-west-1",
        AccessKeyId = "AKID",
        SecretAccessKey = "key",
        MaxRetries = 0,
        Timeout = TimeSpan.FromSeconds(60),
    };

    private FaultyAwsEndpoint _aws = null!;
    private AwsSecretStore? _store;

    private AwsSecretStore Store => _store ??= new AwsSecretStore(_options, NullLogger.Instance);

    public async Task InitializeAsync()
    {
        _aws = await FaultyAwsEndpoint.StartAsync();
        _options.ServiceUrl = _aws.Url;
    }

    public async Task DisposeAsync()
    {
        _store?.Dispose();
        await _aws.DisposeAsync();
    }

    [Theory]
    [InlineData("""{"SecretList":[{"Name":"martech-a"},{},{"Name":7},{"Name":"other-b"}]}""", "martech-a")]
    [InlineData("""{"SecretList":7}""")]
    [InlineData("{}")]
    public async Task Only_what_has_a_name_is_listed(string answer, params string[] expected)
    {
        Answer("ListSecrets", answer);
        var names = new List<string>();
        await foreach (var name in Store.ListNamesAsync("martech-", default))
            names.Add(name);
        Assert.Equal(expected, names);
    }

    [Fact]
    public async Task A_stored_version_whose_id_does_not_come_back_has_the_token_it_was_made_with_for_its_id()
    {
        Answer("CreateSecret", "{}");
        var created = await Store.StoreAsync("a", "{}", default);
        Assert.Equal(created, (string?)Asked("CreateSecret")["ClientRequestToken"]);

        Answer("CreateSecret", """{"__type":"ResourceExistsException"}""", status: 400);
        Answer("PutSecretValue", "{}");
        var put = await Store.StoreAsync("a", "{}", default);
        Assert.Equal(put, (string?)Asked("PutSecretValue")["ClientRequestToken"]);
        Assert.NotEqual(created, put);
    }

    [Fact]
    public async Task Errors_of_a_batch_that_are_for_no_name_asked_for_are_passed_over()
    {
        Answer("BatchGetSecretValue", """
            {"SecretValues":[{"Name":"a","SecretString":"{}","VersionId":"v","VersionStages":[null,"AWSCURRENT"]}],
             "Errors":[{"ErrorCode":"InternalServiceError"},{"SecretId":"c","ErrorCode":"InternalServiceError"},
                       {"SecretId":"b","ErrorCode":"DecryptionFailure"}]}
            """);
        var many = await Store.GetManyAsync(["a", "b"], default);
        Assert.Equal(["a", "b"], many.Keys.Order());
        Assert.Equal(new SecretResult.Found("{}", "v"), many["a"]);
        Assert.Equal(HyperConnErrorCode.AccessDenied, Assert.IsType<SecretResult.Failed>(many["b"]).Code);
    }

    [Theory]
    [InlineData("""{"Name":"a","VersionId":"v"}""", "no value")]
    [InlineData("""{"Name":"a","VersionId":"v","SecretString":7,"SecretBinary":7}""", "no value")]
    [InlineData("""{"Name":"a","VersionId":"v","SecretBinary":"AQID"}""", "a binary value")]
    public async Task A_secret_without_a_text_is_malformed(string answer, string what)
    {
        Answer("GetSecretValue", answer);
        var failed = Assert.IsType<SecretResult.Failed>(await Store.GetAsync("a", default));
        Assert.Equal(HyperConnErrorCode.SecretMalformed, failed.Code);
        Assert.Contains($"has {what}.", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"code":"com.amazonaws.secretsmanager#DecryptionFailure:http://any/","Message":"canary"}""", "DecryptionFailure")]
    [InlineData("""{"__type":"com.amazonaws.secretsmanager#DecryptionFailure","message":"canary"}""", "DecryptionFailure")]
    [InlineData("""{"__type":"canary"}""", "DecryptionFailure", "DecryptionFailure:http://any/")]
    [InlineData("""{"message":7}""", "no error code")]
    [InlineData("[]", "no error code")]
    public async Task An_errors_code_is_found_wherever_it_stands(string body, string code, string? errorType = null)
    {
        Answer("GetSecretValue", body, status: 403, errorType);
        var failed = Assert.IsType<SecretResult.Failed>(await Store.GetAsync("a", default));
        Assert.Equal(HyperConnErrorCode.AccessDenied, failed.Code);
        Assert.Contains($"({code}, HTTP 403)", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failed.Message, StringComparison.Ordinal);
    }

    private void Answer(string operation, string body, int status = 200, string? errorType = null) =>
        _aws.Script(operation, (_, _) => Task.FromResult<AwsReply?>(new AwsReply(status, body, errorType)));

    /// <summary>What was last asked of an operation.</summary>
    private JsonObject Asked(string operation) => _aws.Calls.Last(call => call.Operation == operation).Body;
}
