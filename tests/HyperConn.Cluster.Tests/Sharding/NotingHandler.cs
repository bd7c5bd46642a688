using System.Collections.Concurrent;
using HyperConn.Events;

namespace HyperConn.Tests.Cluster.Sharding;

/// <summary>Writes a row for each event, notes on which node, and does what the event's type says.</summary>
internal sealed class NotingHandler(HandlerNotes notes, HandlerNode node) : ITenantEventHandler
{
    public async Task HandleAsync(TenantEventContext context, CancellationToken cancellationToken)
    {
        notes.Begun.Enqueue((context.Event.Tenant, node.Index, context.Event.Id));
        switch (context.Event.Type)
        {
            case "refuse":
                throw new EventRejectedException("Refused", "The handler refuses it.");
            case "throw":
                throw new InvalidOperationException("The handler threw.");
            case "later" when context.Attempt == 1:
                throw new EventRetryException("Later", "Not at the first attempt.");
            case "wait":
                await notes.Gate.Task.WaitAsync(cancellationToken);
                break;
            case "slow":
                await Task.Delay(Random.Shared.Next(20), cancellationToken);
                break;
        }

        await using var command = context.CreateCommand("insert into events (tenant, payload) values ($1, $2)");
        command.Parameters.AddWithValue(context.Event.Tenant.ToString());
        command.Parameters.AddWithValue(context.Event.Id);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>What handlers of all nodes have noted.</summary>
internal sealed class HandlerNotes
{
    /// <summary>Attempts that reached a handler.</summary>
    public ConcurrentQueue<(TenantKey Tenant, int Node, string Id)> Begun { get; } = new();

    /// <summary>What events of the type <c>wait</c> wait for.</summary>
    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>The node that a handler is on.</summary>
internal sealed record HandlerNode(int Index);
