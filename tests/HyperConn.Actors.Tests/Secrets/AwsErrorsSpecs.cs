using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Amazon.Runtime;
using HyperConn.Secrets;

namespace HyperConn.Tests.Secrets;

/// <summary>What an error means: by its code, else by its status, else by what went wrong on the way.</summary>
public class AwsErrorsSpecs
{
    private const string NotFound = "ResourceNotFound InvalidRequest";
    private const string Malformed = "InvalidParameter Validation ValidationError InvalidNextToken LimitExceeded EncryptionFailure";

    private const string Throttled = "Throttling Throttled TooManyRequests RequestLimitExceeded RequestThrottled SlowDown "
        + "BandwidthLimitExceeded PriorRequestNotComplete ProvisionedThroughputExceeded";

    private const string Denied = "AccessDenied DecryptionFailure UnrecognizedClient InvalidSignature SignatureDoesNotMatch ExpiredToken "
        + "InvalidClientTokenId InvalidAccessKeyId IncompleteSignature MissingAuthenticationToken OptInRequired "
        + "NotAuthorized RequestExpired AuthFailure";

    private const string Unavailable = "InternalServiceError InternalFailure ServiceUnavailable";

    [Theory]
    [InlineData(NotFound, HyperConnErrorCode.SecretNotFound)]
    [InlineData(Malformed, HyperConnErrorCode.SecretMalformed)]
    [InlineData(Throttled, HyperConnErrorCode.StoreThrottled)]
    [InlineData(Denied, HyperConnErrorCode.AccessDenied)]
    [InlineData(Unavailable, HyperConnErrorCode.StoreUnavailable)]
    public void A_code_means_the_same_with_and_without_its_suffix_whatever_the_status(string codes, HyperConnErrorCode expected)
    {
        foreach (var code in codes.Split(' ').SelectMany(bare => new[] { bare, bare + "Exception" }))
        {
            Assert.Equal((code, expected), (code, AwsErrors.Describe("a", code).Code));
            foreach (var status in new[] { HttpStatusCode.BadRequest, HttpStatusCode.Forbidden, HttpStatusCode.InternalServerError, default })
                Assert.Equal((code, expected), (code, AwsErrors.Describe("a", Answer(code, status)).Code));
        }
    }

    [Fact]
    public void A_code_that_only_looks_like_a_known_one_says_nothing()
    {
        foreach (var code in string.Join(' ', NotFound, Malformed, Throttled, Denied, Unavailable).Split(' '))
            for (var i = 0; i < code.Length; i++)
                Assert.Equal(HyperConnErrorCode.StoreUnavailable, AwsErrors.Describe("a", code[..i] + "_" + code[(i + 1)..]).Code);
    }

    [Theory]
    [InlineData(429, HyperConnErrorCode.StoreThrottled)]
    [InlineData(401, HyperConnErrorCode.AccessDenied)]
    [InlineData(403, HyperConnErrorCode.AccessDenied)]
    [InlineData(400, HyperConnErrorCode.StoreUnavailable)]
    [InlineData(503, HyperConnErrorCode.StoreUnavailable)]
    public void Without_a_known_code_the_status_decides(int status, HyperConnErrorCode expected)
    {
        foreach (var code in new[] { null, "", "SomethingNew" })
        {
            var failed = AwsErrors.Describe("a", Answer(code, (HttpStatusCode)status));
            Assert.Equal(expected, failed.Code);
            Assert.Contains($"HTTP {status}", failed.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_code_and_status_what_went_wrong_on_the_way_decides_however_deep_it_is()
    {
        foreach (var fault in new Exception[] { new HttpRequestException(), new IOException(), new SocketException(), new WebException() })
            Means(HyperConnErrorCode.StoreUnavailable, "no connection", fault);
        foreach (var fault in new Exception[] { new OperationCanceledException(), new TaskCanceledException(), new TimeoutException() })
            Means(HyperConnErrorCode.StoreUnavailable, "no answer in time", fault);
        Means(HyperConnErrorCode.StoreUnavailable, "the answer can't be read", new JsonException("canary"));
        Means(HyperConnErrorCode.AccessDenied, "an assembly that the AWS credential chain needs is missing", new FileNotFoundException("canary"));

        static void Means(HyperConnErrorCode expected, string detail, Exception fault)
        {
            Described(expected, detail, fault);
            Described(expected, detail, new AmazonClientException("canary", new InvalidOperationException("canary", fault)));
            Described(expected, detail, new AmazonServiceException("canary", fault));
        }
    }

    [Fact]
    public void What_the_sdk_gives_up_before_it_sends_anything_is_a_lack_of_credentials()
    {
        foreach (var inner in new[] { null, new FormatException("canary") })
            Described(HyperConnErrorCode.AccessDenied, "no AWS credentials could be resolved", new AmazonClientException("canary", inner));
    }

    [Fact]
    public void Of_any_other_fault_only_the_types_name_shows()
    {
        Described(HyperConnErrorCode.StoreUnavailable, "InvalidOperationException", new InvalidOperationException("canary"));
        Described(HyperConnErrorCode.StoreUnavailable, "AmazonServiceException", Answer("canary", default));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ca nary")]
    [InlineData("<canary>")]
    [InlineData("canary0canary0canary0canary0canary0canary0canary0canary0canary0canary")]
    public void Only_what_looks_like_a_code_is_shown(string? code)
    {
        var failed = AwsErrors.Describe("a", code);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, failed.Code);
        Assert.Contains("(no error code)", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failed.Message, StringComparison.Ordinal);
        Assert.Contains("(SomethingNew)", AwsErrors.Describe("a", "SomethingNew").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_is_there_already_only_where_the_service_says_so()
    {
        Assert.True(AwsErrors.IsAlreadyThere(Answer("ResourceExistsException", HttpStatusCode.BadRequest)));
        Assert.False(AwsErrors.IsAlreadyThere(Answer("InvalidRequestException", HttpStatusCode.BadRequest)));
        Assert.False(AwsErrors.IsAlreadyThere(new InvalidOperationException("ResourceExistsException")));
    }

    private static void Described(HyperConnErrorCode expected, string detail, Exception fault)
    {
        var failed = AwsErrors.Describe("a", fault);
        Assert.Equal(expected, failed.Code);
        Assert.Contains($"({detail})", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failed.Message, StringComparison.Ordinal);
    }

    private static AmazonServiceException Answer(string? code, HttpStatusCode status) => new("canary", ErrorType.Sender, code, "id", status);
}
