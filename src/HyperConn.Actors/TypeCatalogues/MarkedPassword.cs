using Npgsql;

namespace HyperConn.TypeCatalogues;

/// <summary>
/// The password provider of a tenant's data source, and the mark that tells it from data sources that are not HyperConn's: Npgsql keeps it, so
/// that no table of data sources is needed.
/// </summary>
/// <param name="tenant">The tenant.</param>
/// <param name="password">Asked for the password of each physical connection.</param>
/// <param name="catalogues">Where its catalogue may come from; null: Npgsql loads it.</param>
internal sealed class MarkedPassword(TenantKey tenant, Func<string> password, CatalogueSharing? catalogues)
{
    private long _askedAt = long.MaxValue;

    /// <summary>The tenant.</summary>
    public TenantKey Tenant => tenant;

    /// <summary>Where the catalogue may come from; null: Npgsql loads it.</summary>
    public CatalogueSharing? Catalogues { get; private set; } = catalogues;

    /// <summary>Whether sessions at its addresses are known to be the server's own. Behind a pooler each tenant may have another server.</summary>
    public Func<bool>? IsDirect { get; init; }

    /// <summary>Marks a data source. Call it last, after its owner's own settings.</summary>
    public void Mark(NpgsqlDataSourceBuilder builder)
    {
        if (Catalogues is { } shared)
            builder.ConfigureTypeLoading(loading => Catalogues = shared.Serves(loading) ? shared : null);
    }

    /// <summary>A moment since the open that loads types began: the last time it logged in. Each loading may take it once.</summary>
    /// <returns>Null: what is asked about the database meanwhile by others doesn't count for this tenant.</returns>
    public TimeSpan? TakeLogin()
    {
        var at = Interlocked.Exchange(ref _askedAt, long.MaxValue);
        return at != long.MaxValue && IsDirect?.Invoke() == true ? TimeSpan.FromTicks(at) : null;
    }

    /// <summary>The password, for a blocking open.</summary>
    public string Get(NpgsqlConnectionStringBuilder settings)
    {
        if (Catalogues is { } shared)
            Volatile.Write(ref _askedAt, shared.Now.Ticks);
        return password();
    }

    /// <summary>The password.</summary>
    public ValueTask<string> GetAsync(NpgsqlConnectionStringBuilder settings, CancellationToken cancellationToken) => new(Get(settings));
}
