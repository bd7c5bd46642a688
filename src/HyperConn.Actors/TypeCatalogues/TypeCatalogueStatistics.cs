namespace HyperConn;

/// <summary>How the catalogues of PostgreSQL's types are shared: counters since start, and what is in memory now.</summary>
public sealed record TypeCatalogueStatistics
{
    /// <summary>Catalogues in memory that several data sources may use, some 200 KB each. Those no data source uses go ten minutes after their last
    /// use, and at most 64 of them are kept for so long.</summary>
    public int Catalogues { get; init; }

    /// <summary>Types in these catalogues.</summary>
    public int Types { get; init; }

    /// <summary>Data sources that got a catalogue that was in memory.</summary>
    public long Shared { get; init; }

    /// <summary>Catalogues loaded from a server to be shared.</summary>
    public long Loaded { get; init; }

    /// <summary>Catalogues that Npgsql loaded for one data source alone: the server is not PostgreSQL, the tenant has its database with types of its
    /// own for itself, type loading was configured, or <c>ReloadTypes</c> was called.</summary>
    public long Unshared { get; init; }

    /// <summary>Questions to a server about a database's types that were saved, because another open of the same database, under way at the same time,
    /// had asked.</summary>
    public long JoinedChecks { get; init; }
}
