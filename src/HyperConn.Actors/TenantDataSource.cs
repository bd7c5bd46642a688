using System.Data.Common;

namespace HyperConn;

/// <summary>A tenant's data source.</summary>
public sealed class TenantDataSource : DbDataSource
{
    /// <summary>The tenant.</summary>
    public TenantKey Tenant { get; }

    /// <inheritdoc/>
    public override string ConnectionString => "";

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => throw new NotSupportedException();
}
