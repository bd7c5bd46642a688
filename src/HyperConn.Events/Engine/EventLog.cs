using Microsoft.Extensions.Logging;

namespace HyperConn.Events;

/// <summary>What a worker says of its events: of one tenant and cause a few lines a minute.</summary>
internal sealed partial class EventLog(ILogger logger, TimeProvider time)
{
    private readonly FailureLog _failures = new(time);

    public void Rejected(TenantDelivery delivery, EventOutcome outcome)
    {
        if (MayWrite(delivery, outcome.Code, out var tenant))
            LogRejected(delivery.Place, tenant, outcome.Code, outcome.Message);
    }

    public void Retried(TenantDelivery delivery, EventFault fault)
    {
        if (MayWrite(delivery, fault.Code, out var tenant))
            LogRetried(delivery.Place, tenant, fault.Code, fault.Message);
    }

    public void NotEnded(int count) => LogNotEnded(count);

    private bool MayWrite(TenantDelivery delivery, string? code, out string tenant)
    {
        tenant = delivery.Event?.Tenant.ToString() ?? "nobody";
        return _failures.MayWrite(tenant, code);
    }

    [LoggerMessage(EventId = 4001, EventName = "EventRejected", Level = LogLevel.Warning,
        Message = "Event {Place} of {Tenant} was rejected: {Cause}: {Message}")]
    private partial void LogRejected(string place, string tenant, string? cause, string? message);

    [LoggerMessage(EventId = 4002, EventName = "EventRetried", Level = LogLevel.Information,
        Message = "Event {Place} of {Tenant} is tried again: {Cause}: {Message}")]
    private partial void LogRetried(string place, string tenant, string? cause, string? message);

    [LoggerMessage(EventId = 4005, EventName = "EventsNotEnded", Level = LogLevel.Error,
        Message = "{Count} events did not end although they were cancelled; whether their effects are committed is told when they come again")]
    private partial void LogNotEnded(int count);
}
