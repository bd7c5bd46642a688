namespace HyperConn.Chaos.Observations;

/// <summary>A line of the library's log.</summary>
internal sealed record LogLine(string Event, bool IsError, string Text);
