using HyperConn.Secrets;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests.Secrets;

/// <summary>Answers of Secrets Manager that lack what they usually have, or word it in another way.</summary>
public sealed class AwsAnswerSpecs : IDisposable
{
    private readonly ScriptedSecretsManager _aws = new();
    private readonly AwsSecretStore _store;

    public AwsAnswerSpecs() => _store = new AwsSecretStore(
        new AwsSecretOptions
        {
            ServiceUrl = _aws.Url,
            Region = "eu-west-1",
            AccessKeyId = "AKID",
            SecretAccessKey = "key",
            MaxRetries = 0,
            Timeout = TimeSpan.FromSeconds(60),
        },
        NullLogger.Instance);

    public void Dispose()
    {
        _store.Dispose();
        _aws.Dispose();
    }

    [Theory]
    [InlineData("""{"SecretList":[{"Name":"martech-a"},{},{"Name":7},{"Name":"other-b"}]}""", "martech-a")]
    [InlineData("""{"SecretList":7}""")]
    [InlineData("{}")]
    public async Task Only_what_has_a_name_is_listed(string answer, params string[] expected)
    {
        _aws.Answer("ListSecrets", answer);
        var names = new List<string>();
        await foreach (var name in _store.ListNamesAsync("martech-", default))
            names.Add(name);
        Assert.Equal(expected, names);
    }

    [Fact]
    public async Task A_stored_version_whose_id_does_not_come_back_has_the_token_it_was_made_with_for_its_id()
    {
        _aws.Answer("CreateSecret", "{}");
        var created = await _store.StoreAsync("a", "{}", default);
        Assert.Equal(created, (string?)_aws.Asked("CreateSecret")["ClientRequestToken"]);

        _aws.Answer("CreateSecret", """{"__type":"ResourceExistsException"}""", status: 400);
        _aws.Answer("PutSecretValue", "{}");
        var put = await _store.StoreAsync("a", "{}", default);
        Assert.Equal(put, (string?)_aws.Asked("PutSecretValue")["ClientRequestToken"]);
        Assert.NotEqual(created, put);
    }

    [Fact]
    public async Task Errors_of_a_batch_that_are_for_no_name_asked_for_are_passed_over()
    {
        _aws.Answer("BatchGetSecretValue", """
            {"SecretValues":[{"Name":"a","SecretString":"{}","VersionId":"v","VersionStages":[null,"AWSCURRENT"]}],
             "Errors":[{"ErrorCode":"InternalServiceError"},{"SecretId":"c","ErrorCode":"InternalServiceError"},
                       {"SecretId":"b","ErrorCode":"DecryptionFailure"}]}
            """);
        var many = await _store.GetManyAsync(["a", "b"], default);
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
        _aws.Answer("GetSecretValue", answer);
        var failed = Assert.IsType<SecretResult.Failed>(await _store.GetAsync("a", default));
        Assert.Equal(HyperConnErrorCode.SecretMalformed, failed.Code);
        Assert.Contains($"has {what}.", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"code":"com.amazonaws.secretsmanager#DecryptionFailure:http://any/","Message":"canary"}""", "DecryptionFailure")]
    [InlineData("""{"__type":"com.amazonaws.secretsmanager#DecryptionFailure","message":"canary"}""", "DecryptionFailure")]
    [InlineData("""{"__type":"canary"}""", "DecryptionFailure", "x-amzn-ErrorType: DecryptionFailure:http://any/")]
    [InlineData("""{"message":7}""", "no error code")]
    [InlineData("[]", "no error code")]
    public async Task An_errors_code_is_found_wherever_it_stands(string body, string code, string header = "X-Any: any")
    {
        _aws.Answer("GetSecretValue", body, status: 403, header);
        var failed = Assert.IsType<SecretResult.Failed>(await _store.GetAsync("a", default));
        Assert.Equal(HyperConnErrorCode.AccessDenied, failed.Code);
        Assert.Contains($"({code}, HTTP 403)", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failed.Message, StringComparison.Ordinal);
    }
}
