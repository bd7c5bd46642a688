namespace HyperConn.Events;

/// <summary>A line that was handed out.</summary>
internal class LineDelivery : TenantDelivery
{
    /// <summary>Number of the line, from 1.</summary>
    public required long Line { get; init; }

    /// <summary>The bytes of a line that is no text.</summary>
    public string? Base64 { get; init; }

    /// <summary>What it takes in memory.</summary>
    public static int Size(ParsedLine parsed) =>
        sizeof(char) * ((parsed.Raw?.Length ?? 0) + (parsed.Base64?.Length ?? 0) + (parsed.Event?.Data.Length ?? 0));

    /// <summary>What a line that is too long is.</summary>
    public static ParsedLine TooLong(int longest) => ParsedLine.No(
        "LineTooLong", $"The line is longer than {longest:N0} bytes; its text is not kept here. Raise max-line-bytes, or split the event.", raw: null);
}
