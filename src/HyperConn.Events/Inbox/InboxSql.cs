using System.Text.RegularExpressions;

namespace HyperConn.Events;

/// <summary>The inbox's table, in SQL.</summary>
public static partial class InboxSql
{
    /// <summary>Its name unless told otherwise.</summary>
    public const string DefaultTable = "hyperconn_inbox";

    /// <summary>What makes the table. The worker runs it where it may; otherwise somebody who may runs it once for each tenant, as the
    /// tenant's
    /// user or with <c>grant select, insert, delete</c> to it.</summary>
    /// <param name="table">Name of the table, <c>name</c> or <c>schema.name</c>.</param>
    /// <returns>One statement, without a semicolon.</returns>
    /// <exception cref="ArgumentException">It is no such name.</exception>
    public static string Ddl(string table = DefaultTable) =>
        $"""
        create table if not exists {Quote(table)} (
            id text not null,
            scope text not null,
            service text not null,
            org text not null,
            handled_at timestamptz not null default now(),
            primary key (id, scope, service, org))
        """;

    internal static bool IsName(string? table) => table is not null && Name().IsMatch(table);

    internal static string Quote(string table) => IsName(table)
        ? string.Join('.', table.Split('.').Select(part => $"\"{part}\""))
        : throw new ArgumentException("It must be a table's name or schema.name, of letters, digits and underscores.", nameof(table));

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?\z")]
    private static partial Regex Name();
}
