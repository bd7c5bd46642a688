using Npgsql.Internal;
using Npgsql.PostgresTypes;

namespace HyperConn.TypeCatalogues;

/// <summary>What Npgsql knows of a database's types, as one object for every data source that would load the same.</summary>
/// <remarks>
/// <para>It speaks of no host and no database, because it belongs to none.</para>
/// <para>Npgsql has each catalogue that it is given take up its types, also one that has them. Then this one names none, and nothing changes but
/// the entry of the type <c>unspecified</c>, which is replaced by its equal: a reference written in a dictionary whose shape stays, while
/// others may read. <see cref="TryMake"/> proves for the Npgsql at hand that this is so.</para>
/// </remarks>
internal sealed class SharedCatalogue : NpgsqlDatabaseInfo
{
    private IReadOnlyList<PostgresType> _untaken;

    private SharedCatalogue(NpgsqlDatabaseInfo loaded, IReadOnlyList<PostgresType> types)
        : base(host: "", port: 0, databaseName: "", loaded.Version, loaded.ServerVersion)
    {
        HasIntegerDateTimes = loaded.HasIntegerDateTimes;
        SupportsTransactions = loaded.SupportsTransactions;
        _untaken = types;
        TypeCount = types.Count;
    }

    /// <summary>How many types it has.</summary>
    public int TypeCount { get; }

    /// <summary>Makes one of what Npgsql has loaded.</summary>
    /// <returns>Null: it would not answer as Npgsql's own does.</returns>
    public static SharedCatalogue? TryMake(NpgsqlInternals npgsql, NpgsqlDatabaseInfo loaded)
    {
        var types = npgsql.TypesOf(loaded).ToArray();
        var catalogue = new SharedCatalogue(loaded, types);
        npgsql.Process(catalogue);
        catalogue._untaken = [];

        // As each data source will.
        npgsql.Process(catalogue);
        return Array.TrueForAll(types, catalogue.Has) ? catalogue : null;
    }

    /// <inheritdoc/>
    protected override IEnumerable<PostgresType> GetTypes() => _untaken;

    private bool Has(PostgresType type) =>
        ReferenceEquals(GetPostgresType(type.OID), type)
        && TryGetPostgresTypeByName($"{type.Namespace}.{type.InternalName}", out var named)
        && ReferenceEquals(named, type);
}
