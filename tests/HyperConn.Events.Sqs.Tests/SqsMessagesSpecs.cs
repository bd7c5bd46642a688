using Amazon.SQS.Model;

namespace HyperConn.Events.Sqs.Tests;

/// <summary>What a message says, read without a queue.</summary>
public sealed class SqsMessagesSpecs
{
    [Fact]
    public void A_body_is_an_event_as_everywhere_else()
    {
        var delivery = Read("""{"service":"core","org":"acme","type":"order.placed","id":17,"data":{"sum":3}}""");

        Assert.Equal(TenantKey.Create("core", "acme"), delivery.Event!.Tenant);
        Assert.Equal(("order.placed", "17", """{"sum":3}"""), (delivery.Event.Type, delivery.Event.Id, delivery.Event.Data));
    }

    [Fact]
    public void Attributes_name_the_event_and_the_body_is_its_data()
    {
        var delivery = Read("[1,2]", attributes: new() { ["service"] = "core", ["org"] = "acme", ["type"] = "counted", ["id"] = "x1" });

        Assert.Equal(("counted", "x1", "[1,2]"), (delivery.Event!.Type, delivery.Event.Id, delivery.Event.Data));
    }

    [Fact]
    public void Without_an_id_of_its_own_an_event_has_the_deduplication_id_or_the_messages_id()
    {
        const string Body = """{"service":"core","org":"acme"}""";

        Assert.Equal("m-1", Read(Body).Event!.Id);
        Assert.Equal("d-1", Read(Body, new() { ["MessageDeduplicationId"] = "d-1" }).Event!.Id);
    }

    [Fact]
    public void Attempts_and_age_are_the_queues()
    {
        var delivery = Read("""{"service":"core","org":"acme"}""", new() { ["ApproximateReceiveCount"] = "4", ["SentTimestamp"] = "1700000000000" });

        Assert.Equal(3, delivery.EarlierAttempts);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), delivery.Event!.CreatedAt);
    }

    [Fact]
    public void The_group_counts_in_a_FIFO_queue_only()
    {
        var message = new Message { MessageId = "m", ReceiptHandle = "r", Body = "{}", Attributes = new() { ["MessageGroupId"] = "g" } };

        Assert.Equal("g", SqsMessages.Read(message, isFifo: true).Group);
        Assert.Null(SqsMessages.Read(message, isFifo: false).Group);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"service":"core","org":7e}""")]
    [InlineData("""{"service":"core","org":"\ud800"}""")]
    [InlineData("""{"service":"core","org":"acme","id":"\ud800"}""")]
    [InlineData("""{"service":"co re","org":"acme"}""")]
    [InlineData("""{"service":"core","org":"acme","id":"a\u0000b"}""")]
    public void What_is_no_event_says_why_and_keeps_its_text(string body)
    {
        var delivery = Read(body);

        Assert.Null(delivery.Event);
        Assert.False(string.IsNullOrEmpty(delivery.Fault));
        Assert.Equal(body, delivery.Raw);
    }

    [Fact]
    public void Data_beside_attributes_must_be_JSON() =>
        Assert.Contains("not JSON", Read("<xml/>", attributes: new() { ["service"] = "core", ["org"] = "acme" }).Fault, StringComparison.Ordinal);

    [Fact]
    public void Every_fault_of_the_settings_is_said_at_once()
    {
        var options = new SqsEventOptions
        {
            ServiceUrl = "ftp://x",
            AccessKeyId = "a",
            VisibilityTimeout = TimeSpan.FromSeconds(1.5),
            WaitTime = TimeSpan.FromSeconds(21),
            BatchSize = 11,
            Receivers = 0,
            MaxInHand = 0,
            Timeout = TimeSpan.Zero,
            StatisticsInterval = TimeSpan.Zero,
        };

        Assert.Equal(10, options.Faults().Count());
        Assert.Empty(new SqsEventOptions { Queue = "orders" }.Faults());
    }

    private static SqsDelivery Read(string body, Dictionary<string, string>? system = null, Dictionary<string, string>? attributes = null) => SqsMessages.Read(
        new Message
        {
            MessageId = "m-1",
            ReceiptHandle = "r-1",
            Body = body,
            Attributes = system,
            MessageAttributes = attributes?.ToDictionary(a => a.Key, a => new MessageAttributeValue { DataType = "String", StringValue = a.Value }),
        },
        isFifo: false);
}
