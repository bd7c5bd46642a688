using HyperConn.Tests;
using Npgsql;

namespace HyperConn.Events.Tests.Outbox;

/// <summary>A server with a database for outbox tables. A test has a table of its own.</summary>
public sealed class OutboxFixture : PostgresFixture
{
    /// <summary>A table that isn't there yet.</summary>
    internal OutboxWorld World() => new(Server.Admin().ConnectionString, "outbox_" + Guid.NewGuid().ToString("N")[..12]);

    /// <summary>A table that is there, and empty.</summary>
    internal async Task<OutboxWorld> TableAsync()
    {
        var world = World();
        await world.CreateAsync();
        return world;
    }
}

/// <summary>One outbox table as its senders and onlookers see it.</summary>
internal sealed class OutboxWorld(string connectionString, string table) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _senders = NpgsqlDataSource.Create(connectionString);

    public string Table => table;

    public OutboxOptions Options => new() { ConnectionString = connectionString, Table = table };

    public Task CreateAsync() => ExecuteAsync(OutboxSql.Ddl(table));

    /// <summary>Sends events, ids from <c>first</c>, over as many tenants, in one transaction.</summary>
    // "order by i" alone would be by the column that i::text makes, which PostgreSQL calls i too: "10" before "2".
    public Task SendAsync(int first, int count, int tenants = 1) => ExecuteAsync(
        $"""
        insert into {table} (service, org, type, event_id, data)
        select 'core', 'org' || g.i % {tenants}, 'order', g.i::text, jsonb_build_object('n', g.i)
        from generate_series({first}, {first + count - 1}) as g (i) order by g.i
        """);

    /// <summary>Sends an event that somebody has claimed already.</summary>
    public Task SendLostClaimAsync(int id, Guid claimedBy, TimeSpan lease) => ExecuteAsync(
        $"""
        insert into {table} (service, org, event_id, claimed_by, claimed_until, attempts)
        values ('core', 'org0', '{id}', '{claimedBy}', now() + {lease.TotalSeconds} * interval '1 second', 1)
        """);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _senders.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T?> ScalarAsync<T>(string sql)
    {
        await using var command = _senders.CreateCommand(sql);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    /// <summary>Rows that are not done with.</summary>
    public async Task<long> LeftAsync() => await ScalarAsync<long>($"select count(*) from {table} where ended_at is null");

    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync($"drop table if exists {table} cascade");
        await _senders.DisposeAsync();
    }
}
