namespace HyperConn;

/// <summary>A node's answer to an <see cref="OperatorCommand"/>.</summary>
/// <param name="Node">Address of the node.</param>
/// <param name="Accepted">Whether it was done or begun there.</param>
/// <param name="Message">What happened, why not, or that there was no answer.</param>
/// <param name="Affected">Live pools it concerns there now; for a refresh, secrets.</param>
/// <param name="Answered">Whether the node answered. One that did not may carry it out all the same.</param>
public sealed record NodeReply(string Node, bool Accepted, string Message, int Affected, bool Answered);
