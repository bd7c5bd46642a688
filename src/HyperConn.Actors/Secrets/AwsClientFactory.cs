using Amazon;
using Amazon.Runtime;
using Amazon.SecretsManager;

namespace HyperConn.Secrets;

/// <summary>Makes the client of Secrets Manager that the settings describe.</summary>
internal static class AwsClientFactory
{
    public static AmazonSecretsManagerClient Create(AwsSecretOptions options)
    {
        var config = new AmazonSecretsManagerConfig
        {
            Timeout = options.Timeout,
            ConnectTimeout = options.Timeout < TimeSpan.FromSeconds(3) ? options.Timeout : TimeSpan.FromSeconds(3),
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = options.MaxRetries,
            // Answers are secrets. The SDK's log quotes them when it can't read them.
            DisableLogging = true,
            LogResponse = false,
            // The pace is kept by the secret fetcher; a second, hidden bucket of retries would only make failures look alike.
            ThrottleRetries = false,
        };
        if (!string.IsNullOrEmpty(options.ServiceUrl))
        {
            if (!Uri.TryCreate(options.ServiceUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                throw NotConfigured("Secrets.Aws.ServiceUrl is not an http or https address.");
            config.ServiceURL = options.ServiceUrl;
            config.AuthenticationRegion = Region(options) ?? "us-east-1";
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(Region(options) ?? throw NotConfigured(
                "No AWS region is configured. Set Secrets.Aws.Region, or AWS_REGION, or a region in the AWS profile."));
        }

        // Null: AWSSDK.Core resolves its default chain at the first call.
        return Credentials(options) is { } credentials ? new AmazonSecretsManagerClient(credentials, config) : new AmazonSecretsManagerClient(config);
    }

    private static string? Region(AwsSecretOptions options)
    {
        if (!string.IsNullOrWhiteSpace(options.Region))
            return options.Region;
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

    private static AWSCredentials? Credentials(AwsSecretOptions options)
    {
        var hasId = !string.IsNullOrEmpty(options.AccessKeyId);
        var hasKey = !string.IsNullOrEmpty(options.SecretAccessKey);
        if (hasId != hasKey)
            throw NotConfigured("Secrets.Aws.AccessKeyId and SecretAccessKey are given together or not at all.");
        if (!hasId && !string.IsNullOrEmpty(options.SessionToken))
            throw NotConfigured("Secrets.Aws.SessionToken is of no use without AccessKeyId and SecretAccessKey.");
        if (!hasId)
            return null;
        return string.IsNullOrEmpty(options.SessionToken)
            ? new BasicAWSCredentials(options.AccessKeyId, options.SecretAccessKey)
            : new SessionAWSCredentials(options.AccessKeyId, options.SecretAccessKey, options.SessionToken);
    }

    private static HyperConnException NotConfigured(string message) => new(new HyperConnFailure(HyperConnErrorCode.NotConfigured, message));
}
