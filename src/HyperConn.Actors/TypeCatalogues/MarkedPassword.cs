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
    /// <summary>The tenant.</summary>
    public TenantKey Tenant => tenant;

    /// <summary>Where the catalogue may come from; null: Npgsql loads it.</summary>
    public CatalogueSharing? Catalogues { get; private set; } = catalogues;

    /// <summary>Marks a data source. Call it last, after its owner's own settings.</summary>
    public void Mark(NpgsqlDataSourceBuilder builder)
    {
        if (Catalogues is { } shared)
            builder.ConfigureTypeLoading(loading => Catalogues = shared.Serves(loading) ? shared : null);
    }

    /// <summary>The password, for a blocking open.</summary>
    public string Get(NpgsqlConnectionStringBuilder settings) => password();

    /// <summary>The password.</summary>
    public ValueTask<string> GetAsync(NpgsqlConnectionStringBuilder settings, CancellationToken cancellationToken) => new(password());
}
