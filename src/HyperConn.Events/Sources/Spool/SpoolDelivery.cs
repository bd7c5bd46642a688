namespace HyperConn.Events;

/// <summary>A line of a file of a spool.</summary>
internal sealed class SpoolDelivery : LineDelivery
{
    public required SpoolFile File { get; init; }

    /// <summary>Offset of its first byte.</summary>
    public required long Start { get; init; }

    public static SpoolDelivery Of(SpoolFile file, Line line, LinePlace place, int longest)
    {
        var parsed = line.IsTooLong ? TooLong(longest) : EventLine.Read(line.Bytes.Span, place);
        return new SpoolDelivery
        {
            File = file,
            Start = line.Start,
            Line = line.Number,
            Place = place.ToString(),
            Raw = parsed.Raw,
            Base64 = parsed.Base64,
            Event = parsed.Event,
            Fault = parsed.Fault,
            FaultCode = parsed.FaultCode,
            Bytes = Size(parsed),
        };
    }
}
