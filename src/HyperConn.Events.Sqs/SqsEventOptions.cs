namespace HyperConn.Events.Sqs;

/// <summary>Which queue of Amazon SQS events come from, and how it is read.</summary>
public sealed class SqsEventOptions
{
    /// <summary>
    /// The queue: its URL, or its name, which is looked up in the account of the credentials. A name that ends in <c>.fifo</c> is a FIFO
    /// queue's,
    /// whose message groups keep their order: use the tenant as the message group. Required.
    /// </summary>
    public string Queue { get; set; } = "";

    /// <summary>Region, such as <c>eu-west-1</c>. Null (default): that of a queue's URL, else <c>AWS_REGION</c> or the AWS
    /// profile's.</summary>
    public string? Region { get; set; }

    /// <summary>Endpoint to use instead of the region's own: an emulator or a VPC endpoint.</summary>
    public string? ServiceUrl { get; set; }

    /// <summary>Access key id; null (default): the SDK's credential chain.</summary>
    public string? AccessKeyId { get; set; }

    /// <summary>Secret access key; given with <see cref="AccessKeyId"/> or not at all.</summary>
    public string? SecretAccessKey { get; set; }

    /// <summary>Session token of temporary keys.</summary>
    public string? SessionToken { get; set; }

    /// <summary>Time-out of one call, without the time a receive waits for messages. 100 milliseconds to 1 minute, default 5
    /// seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a message that was received is hidden from others; extended every third of it while its event is worked on or waits. After
    /// a
    /// crash it comes again when this has passed. Whole seconds, 1 second to 12 hours, default 30 seconds.
    /// </summary>
    public TimeSpan VisibilityTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one receive waits for messages (a long poll). Whole seconds, zero to 20 seconds, default 20 seconds.</summary>
    public TimeSpan WaitTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Most messages of one receive. 1 to 10, default 10.</summary>
    public int BatchSize { get; set; } = 10;

    /// <summary>Receives under way at once; each takes up to ten messages a round trip. 1 to 32, default 2.</summary>
    public int Receivers { get; set; } = 2;

    /// <summary>
    /// Most messages in hand at once, waiting or worked on; then none are received. What waits here is kept from other hosts, and each ten
    /// of
    /// them cost a call every third of <see cref="VisibilityTimeout"/>. 1 to 100,000, default 1,000.
    /// </summary>
    public int MaxInHand { get; set; } = 1_000;

    /// <summary>How often the queue is asked how many messages wait, and what its redrive policy is. 1 second to 1 day, default 15
    /// seconds.</summary>
    public TimeSpan StatisticsInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Every fault at once; empty: none.</summary>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(Queue))
            yield return "Queue is missing: the URL or the name of the queue that events come from.";
        if (ServiceUrl is { Length: > 0 } && !IsHttp(ServiceUrl))
            yield return "ServiceUrl is not an http or https address.";
        if (string.IsNullOrEmpty(AccessKeyId) != string.IsNullOrEmpty(SecretAccessKey))
            yield return "AccessKeyId and SecretAccessKey are given together or not at all.";
        if (string.IsNullOrEmpty(AccessKeyId) && !string.IsNullOrEmpty(SessionToken))
            yield return "SessionToken is of no use without AccessKeyId and SecretAccessKey.";
        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromMinutes(1))
            yield return "Timeout must be from 100 milliseconds to 1 minute.";
        if (VisibilityTimeout < TimeSpan.FromSeconds(1) || VisibilityTimeout > TimeSpan.FromHours(12) || !IsWhole(VisibilityTimeout))
            yield return "VisibilityTimeout must be from 1 second to 12 hours, in whole seconds.";
        if (WaitTime < TimeSpan.Zero || WaitTime > TimeSpan.FromSeconds(20) || !IsWhole(WaitTime))
            yield return "WaitTime must be from zero to 20 seconds, in whole seconds.";
        if (BatchSize is < 1 or > 10)
            yield return "BatchSize must be from 1 to 10.";
        if (Receivers is < 1 or > 32)
            yield return "Receivers must be from 1 to 32.";
        if (MaxInHand is < 1 or > 100_000)
            yield return "MaxInHand must be from 1 to 100,000.";
        if (StatisticsInterval < TimeSpan.FromSeconds(1) || StatisticsInterval > TimeSpan.FromDays(1))
            yield return "StatisticsInterval must be from 1 second to 1 day.";
    }

    internal static bool IsHttp(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";

    private static bool IsWhole(TimeSpan time) => time.Ticks % TimeSpan.TicksPerSecond == 0;
}
