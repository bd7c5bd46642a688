using System.Net;
using Amazon.Runtime;
using Amazon.SQS.Model;

namespace HyperConn.Events.Sqs;

/// <summary>What SQS's errors mean here. Texts are written here and never taken from the SDK, which may quote signed requests.</summary>
/// <remarks>Codes: SQS's API reference, "Common Errors", and each operation's "Errors".</remarks>
internal static class SqsFaults
{
    /// <summary>What went wrong, and what to do about it.</summary>
    public static string Describe(Exception fault) => fault switch
    {
        QueueDoesNotExistException => "the queue does not exist; check its name, the region and the account",
        AmazonServiceException service when IsThrottling(service) => $"SQS asks for fewer calls ({Known(service.ErrorCode)})",
        AmazonServiceException service when IsRefusal(service) =>
            $"access is refused ({Known(service.ErrorCode)}); allow sqs:ReceiveMessage, DeleteMessage, ChangeMessageVisibility, "
            + "GetQueueAttributes and GetQueueUrl",
        AmazonServiceException service => $"SQS answered {Known(service.ErrorCode)}, HTTP {(int)service.StatusCode}",
        OperationCanceledException or TimeoutException => "no answer in time",
        _ => Inner(fault),
    };

    /// <summary>Whether nothing but another configuration or policy helps: at the start that is better said than waited for.</summary>
    public static bool IsForConfiguration(Exception fault) =>
        fault is QueueDoesNotExistException || (fault is AmazonServiceException service && !IsThrottling(service) && IsRefusal(service));

    /// <summary>Whether one entry of a batch can't get better: its receipt is not valid any more, or the message's 12 hours are
    /// over.</summary>
    public static bool IsLasting(BatchResultErrorEntry entry) =>
        entry.SenderFault == true && entry.Code is not null && !entry.Code.Contains("Throttl", StringComparison.OrdinalIgnoreCase);

    /// <summary>A code is text from outside; only what looks like one is shown.</summary>
    public static string Known(string? code) =>
        code is { Length: > 0 and <= 80 } && code.All(c => char.IsAsciiLetterOrDigit(c) || c == '.') ? code : "no error code";

    private static string Inner(Exception fault)
    {
        for (var inner = fault; inner is not null; inner = inner.InnerException)
        {
            if (inner is HttpRequestException or IOException or System.Net.Sockets.SocketException or WebException)
                return "no connection to SQS";
            if (inner is OperationCanceledException or TimeoutException)
                return "no answer in time";
        }

        // What is left of the SDK's own comes before anything is sent: no credentials, or a chain that failed.
        return fault is AmazonClientException ? "no AWS credentials could be resolved" : fault.GetType().Name;
    }

    private static bool IsThrottling(AmazonServiceException fault) =>
        fault is RequestThrottledException or OverLimitException || fault.StatusCode == HttpStatusCode.TooManyRequests
        || (fault.ErrorCode is { } code
            && (code.Contains("Throttl", StringComparison.OrdinalIgnoreCase)
                || code.Contains("TooManyRequests", StringComparison.OrdinalIgnoreCase)));

    private static bool IsRefusal(AmazonServiceException fault) =>
        fault.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
        || fault.ErrorCode is "AccessDenied" or "AccessDeniedException" or "InvalidClientTokenId" or "UnrecognizedClientException"
            or "SignatureDoesNotMatch" or "InvalidSecurity" or "MissingAuthenticationToken" or "ExpiredToken" or "ExpiredTokenException";
}
