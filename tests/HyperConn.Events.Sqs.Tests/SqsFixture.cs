using System.Globalization;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using HyperConn.Testing;
using HyperConn.Tests;

namespace HyperConn.Events.Sqs.Tests;

/// <summary>An emulator of SQS for a class of tests. Where none is to be had, tests that ask for it are skipped with the reason.</summary>
public sealed class SqsFixture : IAsyncLifetime
{
    private MotoServer? _moto;
    private AmazonSQSClient? _client;
    private string _reason = "";

    /// <summary>Endpoint.</summary>
    public string Url
    {
        get
        {
            MachinePart.Aws.Need(_moto is not null, _reason);
            return _moto.Url;
        }
    }

    /// <summary>A client of nobody under test.</summary>
    internal AmazonSQSClient Client => _client ??= new AmazonSQSClient(
        new BasicAWSCredentials("other", "other"), new AmazonSQSConfig { ServiceURL = Url, AuthenticationRegion = "us-east-1" });

    public async Task InitializeAsync() => (_moto, _reason) = await MotoServer.TryStartAsync();

    public async Task DisposeAsync()
    {
        _client?.Dispose();
        if (_moto is not null)
            await _moto.DisposeAsync();
    }

    /// <summary>Makes a queue with a name of its own.</summary>
    internal async Task<TestQueue> QueueAsync(bool fifo = false, int? maxReceives = null)
    {
        var name = "q" + Guid.NewGuid().ToString("N");
        var attributes = new Dictionary<string, string>();
        if (fifo)
            attributes["FifoQueue"] = "true";
        string? dead = null;
        if (maxReceives is { } most)
        {
            dead = (await Client.CreateQueueAsync(new CreateQueueRequest { QueueName = Named(name + "-dead", fifo), Attributes = new(attributes) })).QueueUrl;
            var arn = (await Client.GetQueueAttributesAsync(dead, ["QueueArn"])).Attributes["QueueArn"];
            attributes["RedrivePolicy"] = $$"""{"deadLetterTargetArn":"{{arn}}","maxReceiveCount":{{most}}}""";
        }

        var url = (await Client.CreateQueueAsync(new CreateQueueRequest { QueueName = Named(name, fifo), Attributes = attributes })).QueueUrl;
        return new TestQueue(Client, Named(name, fifo), url, dead);
    }

    private static string Named(string name, bool fifo) => fifo ? name + ".fifo" : name;
}

/// <summary>One queue, as its senders and onlookers see it.</summary>
internal sealed record TestQueue(AmazonSQSClient Client, string Name, string Url, string? DeadUrl)
{
    public bool IsFifo => Name.EndsWith(".fifo", StringComparison.Ordinal);

    /// <summary>Settings for a source of this queue, at another endpoint if need be.</summary>
    public SqsEventOptions Options(string endpoint) => new()
    {
        Queue = Name,
        ServiceUrl = endpoint,
        Region = "us-east-1",
        AccessKeyId = "AKIDCANARY",
        SecretAccessKey = "SECRETCANARY",
        WaitTime = TimeSpan.FromSeconds(1),
        StatisticsInterval = TimeSpan.FromSeconds(1),
    };

    /// <summary>Sends events, ids from <c>first</c>, over as many tenants.</summary>
    public async Task SendAsync(int first, int count, int tenants = 1)
    {
        foreach (var chunk in Enumerable.Range(first, count).Chunk(10))
            await Client.SendMessageBatchAsync(Url, [.. chunk.Select(i => Entry(i, $"org{i % tenants}"))]);
    }

    public async Task SendTextAsync(string body, Dictionary<string, string>? attributes = null) => await Client.SendMessageAsync(new SendMessageRequest(Url, body)
    {
        MessageAttributes = attributes?.ToDictionary(a => a.Key, a => new MessageAttributeValue { DataType = "String", StringValue = a.Value }),
        MessageGroupId = IsFifo ? "one" : null,
        MessageDeduplicationId = IsFifo ? Guid.NewGuid().ToString("N") : null,
    });

    /// <summary>Messages that are there: visible and hidden.</summary>
    public async Task<int> CountAsync()
    {
        var attributes = (await Client.GetQueueAttributesAsync(Url, ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"])).Attributes;
        return attributes.Values.Sum(value => int.Parse(value, CultureInfo.InvariantCulture));
    }

    /// <summary>Messages anybody else can have now; they are hidden by it for a moment.</summary>
    public async Task<IReadOnlyList<Message>> PeekAsync(string? url = null) => (await Client.ReceiveMessageAsync(
        new ReceiveMessageRequest(url ?? Url) { MaxNumberOfMessages = 10, VisibilityTimeout = 1, MessageSystemAttributeNames = ["All"] })).Messages ?? [];

    private SendMessageBatchRequestEntry Entry(int i, string org)
    {
        var entry = new SendMessageBatchRequestEntry($"{i}", $$$"""{"service":"core","org":"{{{org}}}","type":"order","id":"{{{i}}}","data":{"n":{{{i}}}}}""");
        if (IsFifo)
            (entry.MessageGroupId, entry.MessageDeduplicationId) = (org, $"{i}");
        return entry;
    }
}
