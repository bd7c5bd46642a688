// This folder stands in for the package AWSSDK.SecretsManager on top of AWSSDK.Core's own client pipeline. It has that package's
// namespaces, names and shapes, for the five operations used here: reference the package, delete the folder, and the store compiles.
using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;

namespace Amazon.SecretsManager;

/// <summary>Settings of the Secrets Manager client.</summary>
internal sealed class AmazonSecretsManagerConfig : ClientConfig
{
    public AmazonSecretsManagerConfig()
        : base(new StandardDefaults())
    {
        AuthenticationServiceName = "secretsmanager";
        ServiceId = "Secrets Manager";
        EndpointProvider = new RegionalEndpoints();
    }

    public override string ServiceVersion => "2017-10-17";

    public override string UserAgent => "HyperConn";

    public override string RegionEndpointServiceName => "secretsmanager";

    public override Endpoint DetermineServiceOperationEndpoint(ServiceOperationEndpointParameters parameters) =>
        EndpointProvider.ResolveEndpoint(Describe(this));

    /// <summary>What decides the endpoint, as the resolver's parameters.</summary>
    internal static EndpointParameters Describe(IClientConfig config)
    {
        var parameters = new EndpointParameters();
        parameters["Endpoint"] = config.ServiceURL;
        parameters["Region"] = config.RegionEndpoint;
        parameters["UseFIPS"] = config.UseFIPSEndpoint;
        parameters["UseDualStack"] = config.UseDualstackEndpoint;
        return parameters;
    }

    private sealed class StandardDefaults : IDefaultConfigurationProvider
    {
        public IDefaultConfiguration GetDefaultConfiguration(RegionEndpoint clientRegion, DefaultConfigurationMode? requestedConfigurationMode) =>
            new DefaultConfiguration
            {
                Name = DefaultConfigurationMode.Standard,
                RetryMode = RequestRetryMode.Standard,
                S3UsEast1RegionalEndpoint = S3UsEast1RegionalEndpointValue.Regional,
                ConnectTimeout = TimeSpan.FromSeconds(3.1),
                TlsNegotiationTimeout = TimeSpan.FromSeconds(3.1),
            };
    }

    private sealed class RegionalEndpoints : IEndpointProvider
    {
        public Endpoint ResolveEndpoint(EndpointParameters parameters)
        {
            if (parameters["Endpoint"] is string { Length: > 0 } url)
                return new Endpoint(url);
            if (parameters["Region"] is not RegionEndpoint region)
                throw new AmazonClientException("No region is configured.");
            var fips = parameters["UseFIPS"] is true ? "-fips" : "";
            var suffix = parameters["UseDualStack"] is not true ? region.PartitionDnsSuffix
                : region.PartitionName == "aws-cn" ? "api.amazonwebservices.com.cn" : "api.aws";
            return new Endpoint($"https://secretsmanager{fips}.{region.SystemName}.{suffix}");
        }
    }
}
