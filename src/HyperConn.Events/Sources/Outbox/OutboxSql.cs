namespace HyperConn.Events;

/// <summary>The outbox's table, in SQL.</summary>
public static class OutboxSql
{
    /// <summary>Its name unless told otherwise.</summary>
    public const string DefaultTable = "hyperconn_outbox";

    /// <summary>
    /// What makes the table, its indexes, and the trigger that notifies. The worker runs it where it may; otherwise somebody who may runs
    /// it
    /// once, with <c>grant select, insert, update, delete</c> to the worker's login and <c>grant insert</c> to the senders'. It may be run
    /// again.
    /// </summary>
    /// <remarks>
    /// Senders write <c>service</c>, <c>org</c>, and as they like <c>type</c>, <c>event_id</c> and <c>data</c>, in the transaction of what
    /// the
    /// event is about. The other columns are the worker's. Needs PostgreSQL 13 or later.
    /// </remarks>
    /// <param name="table">Name of the table, <c>name</c> or <c>schema.name</c>.</param>
    /// <returns>Statements.</returns>
    /// <exception cref="ArgumentException">It is no such name.</exception>
    public static string Ddl(string table = DefaultTable)
    {
        var quoted = InboxSql.Quote(table);
        var name = table[(table.IndexOf('.', StringComparison.Ordinal) + 1)..];
        var schema = table[..^name.Length];
        var notify = InboxSql.Quote(schema + Short(name, "_notify"));
        return $"""
            create table if not exists {quoted} (
                id bigint generated always as identity primary key,
                service text not null,
                org text not null,
                type text not null default 'default',
                event_id text not null default gen_random_uuid()::text,
                data jsonb not null default 'null',
                created_at timestamptz not null default now(),
                claimed_by uuid,
                claimed_until timestamptz,
                attempts integer not null default 0,
                ended_at timestamptz,
                result text,
                code text,
                message text);
            create index if not exists "{Short(name, "_waiting")}" on {quoted} (id) where ended_at is null;
            create index if not exists "{Short(name, "_claimed")}" on {quoted} (claimed_until) where ended_at is null and claimed_until is not null;
            create index if not exists "{Short(name, "_ended")}" on {quoted} (ended_at) where ended_at is not null;
            create or replace function {notify}() returns trigger language plpgsql as
                $notify$ begin perform pg_notify('{Channel(table)}', ''); return null; end $notify$;
            drop trigger if exists "{Short(name, "_notify")}" on {quoted};
            create trigger "{Short(name, "_notify")}" after insert on {quoted} for each statement execute function {notify}();
            """;
    }

    /// <summary>The channel that is notified: a table's of the same name in another schema is another.</summary>
    internal static string Channel(string table) => Short(table.Replace('.', '_'), "");

    // Names have 63 bytes at most, and all here are ASCII.
    private static string Short(string name, string end) => name.Length + end.Length <= 63 ? name + end : name[..(63 - end.Length)] + end;
}
