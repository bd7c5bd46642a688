using System.Globalization;
using Npgsql;
using Npgsql.Internal;

namespace HyperConn.TypeCatalogues;

/// <summary>What the server says of the types of a database right now.</summary>
/// <param name="Digest">Everything that may tell its catalogue from another's of the same server version.</param>
/// <param name="HasOwnTypes">Whether somebody made types in it, or an extension did.</param>
internal readonly record struct CatalogueProof(Digest Digest, bool HasOwnTypes);

/// <summary>
/// Asks a server what its types are, for a quarter of the work that loading them makes it do. What Npgsql would load is all in the answer, or
/// follows from it and the server's version: types that a release of PostgreSQL brings have fixed numbers below <see cref="FirstOfInitdb"/>.
/// </summary>
/// <remarks>
/// Many small questions, in one round trip where the caller doesn't block: a new session of PostgreSQL has empty caches, and one large
/// query costs it three times as much. Functions where others write operators, and no order, for the same reason: the planner then looks up
/// no operators, no statistics and no index, which is a third of the cost. Array types are not asked for, for each table has one that
/// nobody loads; they are found by the type they are of. Names of objects are qualified, so that the search path of a role can't put its
/// own in their place.
/// </remarks>
internal static class CatalogueCheck
{
    // PostgreSQL's access/transam.h: FirstUnpinnedObjectId (FirstBootstrapObjectId before 14) and FirstNormalObjectId.
    private const string FirstOfInitdb = "12000";
    private const uint FirstOfUsers = 16384;

    // Enums, ranges and base types have further rows elsewhere; of these, initdb makes domains only.
    private const string Domain = "d";

    // A rowtype's relation is a table's, or is there for the type alone (relkind c).
    private const string FreeComposites = "select c.oid from pg_catalog.pg_class c where c.relkind = 'c'";

    private static readonly string[] Types =
    [
        $"""
        select oid, typtype, typname, typnamespace, typnotnull, typbasetype, typelem, typarray from pg_catalog.pg_type
        where pg_catalog.oidge(oid, {FirstOfInitdb}) and pg_catalog.oidne(typarray, 0) and pg_catalog.oideq(typrelid, 0)
        """,
        "select oid, reltype from pg_catalog.pg_class where pg_catalog.chareq(relkind, 'c')",
    ];

    private static readonly string[] Details =
    [
        $"""
        select t.oid, t.typname, n.nspname, t.typarray, a.typname, t.typcategory, t.typreceive::pg_catalog.oid
        from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace left join pg_catalog.pg_type a on a.oid = t.typarray
        where t.oid >= {FirstOfInitdb} and t.typarray <> 0 and (t.typrelid = 0 or t.typrelid in ({FreeComposites})) order by t.oid
        """,
        "select e.enumtypid, e.enumlabel from pg_catalog.pg_enum e order by e.enumtypid, e.enumsortorder",
        $"select * from pg_catalog.pg_range r where r.rngtypid >= {FirstOfInitdb} order by r.rngtypid",
        $"""
        select a.attrelid, a.attname, a.atttypid from pg_catalog.pg_attribute a
        where a.attrelid in ({FreeComposites}) and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum
        """,
    ];

    /// <summary>Asks whether the database has types of its own; without any, the answer is the whole proof.</summary>
    public static Task<CatalogueProof> AskBrieflyAsync(NpgsqlConnector connector, bool async, CancellationToken token) =>
        AskAsync(connector, Types, async, token);

    /// <summary>Asks everything.</summary>
    public static Task<CatalogueProof> AskAsync(NpgsqlConnector connector, bool async, CancellationToken token) =>
        AskAsync(connector, [.. Types, .. Details], async, token);

    /// <summary>Asks the server what it calls itself.</summary>
    public static async Task<string?> AskNameAsync(NpgsqlConnector connector, bool async, CancellationToken token)
    {
        using var command = connector.CreateCommand("select pg_catalog.version()");
        command.CommandTimeout = connector.Settings.Timeout;
        return (async ? await command.ExecuteScalarAsync(token).ConfigureAwait(false) : command.ExecuteScalar()) as string;
    }

    private static async Task<CatalogueProof> AskAsync(NpgsqlConnector connector, string[] questions, bool async, CancellationToken token)
    {
        using var digest = new DigestBuilder();
        var (answers, hasOwn) = (0, false);

        // One by one where the caller blocks: Npgsql sends a blocking caller's second statement from the thread pool, which callers that block
        // may hold all of.
        foreach (var question in async ? [string.Join(";\n", questions)] : questions)
        {
            using var command = connector.CreateCommand(question);

            // As text: the types of these columns are not known yet.
            command.AllResultTypesAreUnknown = true;
            command.CommandTimeout = connector.Settings.Timeout;
            var rows = async ? await command.ExecuteReaderAsync(token).ConfigureAwait(false) : command.ExecuteReader();
            try
            {
                // Without types of its own there is nothing in the details, whether they were asked for or not.
                do
                    hasOwn |= await AddAsync(rows, digest, async, token).ConfigureAwait(false);
                while ((++answers < Types.Length || hasOwn) && await NextAsync(rows, async, token).ConfigureAwait(false));
            }
            finally
            {
                if (async)
                    await rows.DisposeAsync().ConfigureAwait(false);
                else
                    rows.Dispose();
            }

            if (answers >= Types.Length && !hasOwn)
                break;
        }

        return new CatalogueProof(digest.Finish(), hasOwn);
    }

    /// <summary>Adds the rows of one answer.</summary>
    /// <returns>Whether one of them is a type that initdb did not make.</returns>
    private static async Task<bool> AddAsync(NpgsqlDataReader rows, DigestBuilder digest, bool async, CancellationToken token)
    {
        var answer = new List<(uint Number, string?[] Values)>();
        while (async ? await rows.ReadAsync(token).ConfigureAwait(false) : rows.Read())
        {
            var values = new string?[rows.FieldCount];
            for (var column = 0; column < values.Length; column++)
                values[column] = rows.IsDBNull(column) ? null : rows.GetString(column);
            answer.Add((uint.Parse(values[0]!, CultureInfo.InvariantCulture), values));
        }

        // The server gives them in any order; those of one number, as labels of an enum, in theirs.
        var hasOwn = false;
        foreach (var (number, values) in answer.OrderBy(row => row.Number))
        {
            foreach (var value in values)
                digest.Add(value);
            digest.EndRow();
            hasOwn |= values[1] != Domain || number >= FirstOfUsers;
        }

        digest.EndResult();
        return hasOwn;
    }

    private static async ValueTask<bool> NextAsync(NpgsqlDataReader rows, bool async, CancellationToken token) =>
        async ? await rows.NextResultAsync(token).ConfigureAwait(false) : rows.NextResult();
}
