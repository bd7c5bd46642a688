using Amazon.Runtime;
using Amazon.Runtime.Credentials.Internal;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Amazon.SecretsManager.Model;

namespace Amazon.SecretsManager;

/// <summary>Client of AWS Secrets Manager: signing, credentials, retries and time-outs are AWSSDK.Core's.</summary>
internal sealed class AmazonSecretsManagerClient : AmazonServiceClient
{
    public AmazonSecretsManagerClient(AmazonSecretsManagerConfig config)
        : base(config)
    {
    }

    public AmazonSecretsManagerClient(AWSCredentials credentials, AmazonSecretsManagerConfig config)
        : base(credentials, config)
    {
    }

    protected override IServiceMetadata ServiceMetadata { get; } = new Metadata();

    public Task<GetSecretValueResponse> GetSecretValueAsync(GetSecretValueRequest request, CancellationToken cancellationToken) =>
        CallAsync<GetSecretValueResponse>(request, cancellationToken);

    public Task<BatchGetSecretValueResponse> BatchGetSecretValueAsync(BatchGetSecretValueRequest request, CancellationToken cancellationToken) =>
        CallAsync<BatchGetSecretValueResponse>(request, cancellationToken);

    public Task<ListSecretsResponse> ListSecretsAsync(ListSecretsRequest request, CancellationToken cancellationToken) =>
        CallAsync<ListSecretsResponse>(request, cancellationToken);

    public Task<CreateSecretResponse> CreateSecretAsync(CreateSecretRequest request, CancellationToken cancellationToken) =>
        CallAsync<CreateSecretResponse>(request, cancellationToken);

    public Task<PutSecretValueResponse> PutSecretValueAsync(PutSecretValueRequest request, CancellationToken cancellationToken) =>
        CallAsync<PutSecretValueResponse>(request, cancellationToken);

    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        pipeline.AddHandlerAfter<Marshaller>(new Endpoints());
        pipeline.AddHandlerAfter<Endpoints>(new Schemes());
        pipeline.RemoveHandler<EndpointResolver>();
    }

    private Task<TResponse> CallAsync<TResponse>(SecretsManagerRequest request, CancellationToken cancellationToken)
        where TResponse : SecretsManagerResponse, new() =>
        InvokeAsync<TResponse>(
            request,
            new InvokeOptions { RequestMarshaller = JsonWire.Marshaller, ResponseUnmarshaller = JsonWire<TResponse>.Unmarshaller },
            cancellationToken);

    private sealed class Metadata : IServiceMetadata
    {
        public string ServiceId => "Secrets Manager";

        public IDictionary<string, string> OperationNameMapping { get; } = new Dictionary<string, string>();
    }

    private sealed class Endpoints : BaseEndpointResolver
    {
        protected override EndpointParameters MapEndpointsParameters(IRequestContext requestContext) =>
            AmazonSecretsManagerConfig.Describe(requestContext.ClientConfig);
    }

    private sealed class Schemes : BaseAuthResolverHandler
    {
        protected override List<IAuthSchemeOption> ResolveAuthOptions(IExecutionContext executionContext) => AuthSchemeOption.DEFAULT_SIGV4;
    }
}
