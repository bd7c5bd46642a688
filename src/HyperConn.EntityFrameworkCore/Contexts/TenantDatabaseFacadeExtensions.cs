using HyperConn.EntityFrameworkCore.Provider;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace HyperConn.EntityFrameworkCore;

/// <summary>Says whose a context is.</summary>
public static class TenantDatabaseFacadeExtensions
{
    /// <summary>The tenant of a context.</summary>
    /// <param name="database">The context's <see cref="DbContext.Database"/>.</param>
    /// <returns>The tenant.</returns>
    /// <exception cref="InvalidOperationException">The context has none: it is not a tenant's, or its scope has no tenant.</exception>
    public static TenantKey GetTenant(this DatabaseFacade database)
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.GetService<IRelationalConnection>() is TenantRelationalConnection connection
            ? connection.Tenant
            : throw new InvalidOperationException("This context is not a tenant's: it was not registered with AddTenantDbContext or its siblings.");
    }
}
