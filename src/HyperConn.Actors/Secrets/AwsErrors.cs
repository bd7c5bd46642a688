using System.Net;
using Amazon.Runtime;

namespace HyperConn.Secrets;

/// <summary>What Secrets Manager's errors mean here.</summary>
/// <remarks>
/// Messages are written here and never taken from the SDK: its own quote signed requests and answers it can't read, and with
/// them keys and secrets. Codes: Secrets Manager's API reference, "Common Errors" and each operation's "Errors".
/// </remarks>
internal static class AwsErrors
{
    /// <summary>The failure of one look-up.</summary>
    public static SecretResult.Failed Describe(string name, Exception fault)
    {
        var (code, detail) = Classify(fault);
        return Describe(name, code, detail);
    }

    /// <summary>The failure of one id in a batch.</summary>
    public static SecretResult.Failed Describe(string name, string? awsCode) =>
        Describe(name, Classify(awsCode, 0) ?? HyperConnErrorCode.StoreUnavailable, Known(awsCode));

    /// <summary>The exception for an operation that isn't a look-up.</summary>
    public static HyperConnException Refused(string operation, Exception fault)
    {
        var (code, detail) = Classify(fault);
        var advice = code switch
        {
            HyperConnErrorCode.SecretNotFound => "The secret does not exist, or it is scheduled for deletion: restore it first.",
            HyperConnErrorCode.AccessDenied => $"Check the AWS credentials and that they allow secretsmanager:{operation}.",
            HyperConnErrorCode.StoreThrottled => "Too many calls: try again later.",
            HyperConnErrorCode.SecretMalformed => "The request was refused as invalid; a secret has at most 65,536 bytes.",
            _ => "Check the endpoint, the network and the AWS service health page.",
        };
        return new HyperConnException(new HyperConnFailure(code, $"Secrets Manager refused {operation} ({detail}). {advice}"));
    }

    /// <summary>Whether the operation itself, not one secret, is forbidden to these credentials.</summary>
    public static bool IsMissingPermission(Exception fault) =>
        fault is AmazonServiceException { ErrorCode: "AccessDeniedException" or "AccessDenied" or "UnknownOperationException" };

    /// <summary>Whether a secret of that name exists already.</summary>
    public static bool IsAlreadyThere(Exception fault) => fault is AmazonServiceException { ErrorCode: "ResourceExistsException" };

    private static SecretResult.Failed Describe(string name, HyperConnErrorCode code, string detail) => new(code, code switch
    {
        HyperConnErrorCode.SecretNotFound =>
            $"Secret '{name}' does not exist in Secrets Manager, or is scheduled for deletion ({detail}). "
            + "Check the project name, the organisation and the region.",
        HyperConnErrorCode.AccessDenied =>
            $"Secrets Manager refused access to '{name}' ({detail}). Check the AWS credentials, secretsmanager:GetSecretValue and kms:Decrypt; "
            + "a secret that does not exist may look the same where the policy is limited to names.",
        HyperConnErrorCode.StoreThrottled => $"Secrets Manager asks for fewer calls ({detail}); '{name}' was not read.",
        HyperConnErrorCode.SecretMalformed => $"Secrets Manager does not accept '{name}' as the name of a secret ({detail}).",
        _ => $"Secrets Manager can't be reached or answered with a fault of its own ({detail}); '{name}' was not read. "
            + "Check the endpoint, the network and the AWS service health page.",
    });

    private static (HyperConnErrorCode Code, string Detail) Classify(Exception fault)
    {
        switch (fault)
        {
            case AmazonUnmarshallingException:
                return (HyperConnErrorCode.StoreUnavailable, "the answer can't be read");
            case AmazonServiceException service when Classify(service.ErrorCode, service.StatusCode) is { } code:
                return (code, $"{Known(service.ErrorCode)}, HTTP {(int)service.StatusCode}");
            case OperationCanceledException or TimeoutException:
                return (HyperConnErrorCode.StoreUnavailable, "no answer in time");
        }

        for (var inner = fault; inner is not null; inner = inner.InnerException)
        {
            // A credential provider of the chain whose package is not there: no matter of the network.
            if (inner is FileNotFoundException)
                return (HyperConnErrorCode.AccessDenied, "an assembly that the AWS credential chain needs is missing");
            if (inner is HttpRequestException or IOException or System.Net.Sockets.SocketException or WebException)
                return (HyperConnErrorCode.StoreUnavailable, "no connection");
            if (inner is OperationCanceledException or TimeoutException)
                return (HyperConnErrorCode.StoreUnavailable, "no answer in time");
            if (inner is System.Text.Json.JsonException)
                return (HyperConnErrorCode.StoreUnavailable, "the answer can't be read");
        }

        // What is left of the SDK's own comes before anything is sent: no credentials, or a chain that failed.
        return fault is AmazonClientException
            ? (HyperConnErrorCode.AccessDenied, "no AWS credentials could be resolved")
            : (HyperConnErrorCode.StoreUnavailable, fault.GetType().Name);
    }

    private static HyperConnErrorCode? Classify(string? code, HttpStatusCode status)
    {
        // The same errors come with and without the suffix, by operation and by emulator.
        const string Suffix = "Exception";
        var bare = code is not null && code.EndsWith(Suffix, StringComparison.Ordinal) ? code[..^Suffix.Length] : code;
        switch (bare)
        {
            case "ResourceNotFound" or "InvalidRequest":
                return HyperConnErrorCode.SecretNotFound;
            case "InvalidParameter" or "Validation" or "ValidationError" or "InvalidNextToken" or "LimitExceeded" or "EncryptionFailure":
                return HyperConnErrorCode.SecretMalformed;
            case "Throttling" or "Throttled" or "TooManyRequests" or "RequestLimitExceeded" or "RequestThrottled" or "SlowDown"
                or "BandwidthLimitExceeded" or "PriorRequestNotComplete" or "ProvisionedThroughputExceeded":
                return HyperConnErrorCode.StoreThrottled;
            case "AccessDenied" or "DecryptionFailure" or "UnrecognizedClient" or "InvalidSignature" or "SignatureDoesNotMatch" or "ExpiredToken"
                or "InvalidClientTokenId" or "InvalidAccessKeyId" or "IncompleteSignature" or "MissingAuthenticationToken" or "OptInRequired"
                or "NotAuthorized" or "RequestExpired" or "AuthFailure":
                return HyperConnErrorCode.AccessDenied;
            case "InternalServiceError" or "InternalFailure" or "ServiceUnavailable":
                return HyperConnErrorCode.StoreUnavailable;
        }

        return (int)status switch
        {
            0 => null,
            429 => HyperConnErrorCode.StoreThrottled,
            401 or 403 => HyperConnErrorCode.AccessDenied,
            _ => HyperConnErrorCode.StoreUnavailable,
        };
    }

    // A code is text from outside; only what looks like one is shown.
    private static string Known(string? code) =>
        code is { Length: > 0 and <= 64 } && code.All(char.IsAsciiLetterOrDigit) ? code : "no error code";
}
