using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.SecretsManager;
using HyperConn.Secrets;

namespace HyperConn.Tests.Secrets;

/// <summary>Where the client calls, and which settings it does not do with.</summary>
public class AwsClientFactorySpecs
{
    [Theory]
    [InlineData("http://127.0.0.1:4566")]
    [InlineData("https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com")]
    public void An_address_of_its_own_needs_neither_region_nor_keys(string url)
    {
        using var client = AwsClientFactory.Create(new AwsSecretOptions { ServiceUrl = url });
        Assert.StartsWith(url, client.Config.ServiceURL, StringComparison.Ordinal);
        Assert.NotEmpty(client.Config.AuthenticationRegion);
    }

    [Theory]
    [InlineData("secretsmanager")]
    [InlineData("/secretsmanager")]
    [InlineData("ftp://secretsmanager")]
    public void Another_address_than_of_http_is_refused(string url)
    {
        var options = new AwsSecretOptions { ServiceUrl = url, Region = "eu-west-1" };
        var refused = Assert.Throws<HyperConnException>(() => AwsClientFactory.Create(options));
        Assert.Equal(HyperConnErrorCode.NotConfigured, refused.Code);
        Assert.Contains("Secrets.Aws.ServiceUrl", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void Without_a_region_in_the_settings_it_is_the_machines_and_without_that_there_is_nobody_to_call(string? region)
    {
        var options = new AwsSecretOptions { Region = region };
        if (RegionOfTheMachine() is { } own)
        {
            using var client = AwsClientFactory.Create(options);
            Assert.Equal(own, client.Config.RegionEndpoint.SystemName);
            return;
        }

        var refused = Assert.Throws<HyperConnException>(() => AwsClientFactory.Create(options));
        Assert.Equal(HyperConnErrorCode.NotConfigured, refused.Code);
        Assert.Contains("Secrets.Aws.Region", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eu-west-1", false, false, "https://secretsmanager.eu-west-1.amazonaws.com")]
    [InlineData("us-east-1", true, false, "https://secretsmanager-fips.us-east-1.amazonaws.com")]
    [InlineData("eu-west-1", false, true, "https://secretsmanager.eu-west-1.api.aws")]
    [InlineData("us-east-1", true, true, "https://secretsmanager-fips.us-east-1.api.aws")]
    [InlineData("cn-north-1", false, false, "https://secretsmanager.cn-north-1.amazonaws.com.cn")]
    [InlineData("cn-north-1", false, true, "https://secretsmanager.cn-north-1.api.amazonwebservices.com.cn")]
    public void Each_region_has_its_endpoints(string region, bool isFips, bool isDualStack, string expected)
    {
        var config = new AmazonSecretsManagerConfig
        {
            RegionEndpoint = RegionEndpoint.GetBySystemName(region),
            UseFIPSEndpoint = isFips,
            UseDualstackEndpoint = isDualStack,
        };
        Assert.Equal(expected, config.DetermineServiceOperationEndpoint(null!).URL.TrimEnd('/'));
    }

    [Fact]
    public void An_address_of_its_own_goes_before_the_regions_and_without_both_there_is_no_endpoint()
    {
        var parameters = new EndpointParameters();
        parameters["Endpoint"] = "";
        parameters["Region"] = null;
        var endpoints = new AmazonSecretsManagerConfig().EndpointProvider;
        Assert.Throws<AmazonClientException>(() => endpoints.ResolveEndpoint(parameters));
        (parameters["Region"], parameters["UseFIPS"], parameters["UseDualStack"]) = (RegionEndpoint.EUWest1, null, null);
        Assert.Equal("https://secretsmanager.eu-west-1.amazonaws.com", endpoints.ResolveEndpoint(parameters).URL);
        parameters["Endpoint"] = "http://127.0.0.1:4566";
        Assert.Equal("http://127.0.0.1:4566", endpoints.ResolveEndpoint(parameters).URL);
    }

    private static string? RegionOfTheMachine()
    {
        if (Environment.GetEnvironmentVariable("AWS_REGION") is { Length: > 0 } region)
            return region;
        try
        {
            return FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: false)?.SystemName;
        }
        catch (AmazonClientException)
        {
            return null;
        }
    }
}
