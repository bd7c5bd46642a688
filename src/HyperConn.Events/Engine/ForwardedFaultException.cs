namespace HyperConn.Events;

/// <summary>An attempt that was made elsewhere failed.</summary>
internal sealed class ForwardedFaultException(EventFault fault) : Exception(fault.Message)
{
    /// <summary>Why, as it was understood there.</summary>
    public EventFault Fault { get; } = fault;
}
