using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace HyperConn.Events;

/// <summary>Makes one attempt at an event: connection, transaction, inbox, handler, commit.</summary>
/// <param name="pools">Where connections come from.</param>
/// <param name="handlers">What is done with events.</param>
/// <param name="inbox">The inbox; null: none is kept.</param>
/// <param name="source">Name of the source, for handlers.</param>
/// <param name="scopes">Where scoped handlers live.</param>
internal sealed class EventAttempt(
    ITenantPools pools, TenantEventHandlers handlers, TenantInbox? inbox, string source, IServiceScopeFactory scopes)
{
    /// <summary>Makes it.</summary>
    /// <returns>Whether the effect was committed: <see cref="EventResult.Handled"/>, or had been before:
    /// <see cref="EventResult.Duplicate"/>.</returns>
    /// <exception cref="Exception">It failed; nothing was committed, unless the connection broke at the commit: the next attempt
    /// tells.</exception>
    public async Task<EventResult> MakeAsync(EventWork work, CancellationToken cancellationToken)
    {
        var found = handlers.Find(work.Event.Type)
            ?? throw new EventRejectedException("NoHandler", "Nothing is configured for this type of event, and no default.");
        if (found.Forwarder is { } forwarder)
        {
            var origin = new EventOrigin(source, inbox?.Scope);
            return await forwarder.ForwardAsync(work.Event, origin, work.Delivery.Place, work.AllAttempts, cancellationToken).ConfigureAwait(false);
        }

        await using var connection = await pools.OpenConnectionAsync(work.Event.Tenant, cancellationToken).ConfigureAwait(false);
        if (await MakeAsync(work, found, connection, mayMiss: true, cancellationToken).ConfigureAwait(false) is { } result)
            return result;
        await inbox!.CreateIfMissingAsync(connection, cancellationToken).ConfigureAwait(false);
        return (await MakeAsync(work, found, connection, mayMiss: false, cancellationToken).ConfigureAwait(false))!.Value;
    }

    /// <summary>One attempt. With <c>mayMiss</c> a missing inbox is an answer, null, and not an error.</summary>
    private async Task<EventResult?> MakeAsync(
        EventWork work, HandlerRegistration found, NpgsqlConnection connection, bool mayMiss, CancellationToken cancellationToken)
    {
        if (found.Instance is IOneCommandHandler single)
            return await MakeInOneAsync(work, single, connection, mayMiss, cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (inbox is not null && !await inbox.TryEnterAsync(connection, transaction, work.Event, cancellationToken).ConfigureAwait(false))
            {
                await transaction.RollbackAsync(CancellationToken.None).ConfigureAwait(false);
                return EventResult.Duplicate;
            }
        }
        catch (PostgresException e) when (mayMiss && e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return null;
        }

        var context = new TenantEventContext
        {
            Event = work.Event,
            Connection = connection,
            Transaction = transaction,
            Attempt = work.AllAttempts,
            Source = source,
            Place = work.Delivery.Place,
        };
        if (found.Instance is { } handler)
        {
            await handler.HandleAsync(context, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await using var scope = scopes.CreateAsyncScope();
            await found.Resolve!(scope.ServiceProvider).HandleAsync(context, cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return EventResult.Handled;
    }

    /// <summary>Inbox row and effect in one round trip: what is sent together, with no transaction begun, is one of its own.</summary>
    private async Task<EventResult?> MakeInOneAsync(
        EventWork work, IOneCommandHandler handler, NpgsqlConnection connection, bool mayMiss, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        var sql = handler.Command(work.Event, command.Parameters);
        command.CommandText = inbox is null ? sql : inbox.Enter(work.Event, command.Parameters) + ";\n" + sql;
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            return EventResult.Handled;
        }
        catch (PostgresException e) when (inbox?.IsDuplicate(e) == true)
        {
            return EventResult.Duplicate;
        }
        catch (PostgresException e) when (mayMiss && inbox is not null && e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // Its own table or one of the handler's: only a second try tells, and nothing was done yet.
            return null;
        }
    }
}
