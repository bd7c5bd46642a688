using System.Text.RegularExpressions;
using Amazon;
using Amazon.Runtime;
using Amazon.SQS;

namespace HyperConn.Events.Sqs;

/// <summary>Makes the client of SQS that the settings describe.</summary>
internal static partial class SqsClientFactory
{
    /// <exception cref="HyperConnException">No region can be found.</exception>
    public static AmazonSQSClient Create(SqsEventOptions options)
    {
        var config = new AmazonSQSConfig
        {
            // The longest call is a receive that waits.
            Timeout = options.WaitTime + options.Timeout,
            ConnectTimeout = options.Timeout < TimeSpan.FromSeconds(3) ? options.Timeout : TimeSpan.FromSeconds(3),
            // The source tries again itself: it knows what is still worth a try, and counts it.
            MaxErrorRetry = 0,
            // Answers are events, and the SDK's log quotes them when it can't read them.
            DisableLogging = true,
            LogResponse = false,
        };
        if (!string.IsNullOrEmpty(options.ServiceUrl))
        {
            config.ServiceURL = options.ServiceUrl;
            config.AuthenticationRegion = Region(options) ?? "us-east-1";
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(Region(options) ?? throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured,
                "No AWS region is known for the queue. Set Region, or AWS_REGION, or give the queue by its URL.")));
        }

        // Null: AWSSDK.Core resolves its default chain at the first call.
        return Credentials(options) is { } credentials ? new AmazonSQSClient(credentials, config) : new AmazonSQSClient(config);
    }

    private static string? Region(SqsEventOptions options)
    {
        if (!string.IsNullOrWhiteSpace(options.Region))
            return options.Region;
        if (Host().Match(options.Queue) is { Success: true } host)
            return host.Groups[1].Value;
        // Without instance metadata: a machine outside EC2 would wait for it in vain.
        return Environment.GetEnvironmentVariable("AWS_REGION") is { Length: > 0 } region ? region : FallbackRegion();
    }

    private static string? FallbackRegion()
    {
        try
        {
            return FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: false)?.SystemName;
        }
        catch (AmazonClientException)
        {
            return null;
        }
    }

    private static AWSCredentials? Credentials(SqsEventOptions options) =>
        string.IsNullOrEmpty(options.AccessKeyId) ? null
        : string.IsNullOrEmpty(options.SessionToken) ? new BasicAWSCredentials(options.AccessKeyId, options.SecretAccessKey)
        : new SessionAWSCredentials(options.AccessKeyId, options.SecretAccessKey, options.SessionToken);

    // https://sqs.eu-west-1.amazonaws.com/123456789012/orders; sqs-fips and amazonaws.com.cn are the other forms.
    [GeneratedRegex(@"^https?://sqs(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com", RegexOptions.IgnoreCase)]
    private static partial Regex Host();
}
