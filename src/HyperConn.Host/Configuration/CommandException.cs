namespace HyperConn.Host;

/// <summary>Why a command can't start; the message is for people.</summary>
internal sealed class CommandException(string message) : Exception(message);
