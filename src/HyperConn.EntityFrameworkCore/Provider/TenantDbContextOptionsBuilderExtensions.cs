using HyperConn.EntityFrameworkCore.Provider;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;

// Where users of EF look for it.
namespace Microsoft.EntityFrameworkCore;

/// <summary>Lets a context work on tenants' databases.</summary>
public static class TenantDbContextOptionsBuilderExtensions
{
    /// <summary>
    /// Uses PostgreSQL with connections of tenants. <c>AddTenantDbContext</c> and its siblings call it; call it where options are built by hand, as in an
    /// <c>IDesignTimeDbContextFactory</c>.
    /// </summary>
    /// <remarks>Names no connection: which tenant's it is, is said of each context. A context made only of such options can build its model and
    /// scaffold migrations, and throws <see cref="InvalidOperationException"/> when it needs a connection.</remarks>
    /// <param name="builder">The options.</param>
    /// <param name="npgsql">Settings of the provider, such as <c>EnableRetryOnFailure</c> or <c>MapEnum</c>.</param>
    /// <returns>The options.</returns>
    public static DbContextOptionsBuilder UseTenantNpgsql(this DbContextOptionsBuilder builder, Action<NpgsqlDbContextOptionsBuilder>? npgsql = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.UseNpgsql(npgsql);
        if (builder.Options.FindExtension<TenantOptionsExtension>() is null)
            ((IDbContextOptionsBuilderInfrastructure)builder).AddOrUpdateExtension(new TenantOptionsExtension());
        return builder;
    }

    /// <inheritdoc cref="UseTenantNpgsql(DbContextOptionsBuilder, Action{NpgsqlDbContextOptionsBuilder})"/>
    /// <typeparam name="TContext">Type of the context.</typeparam>
    public static DbContextOptionsBuilder<TContext> UseTenantNpgsql<TContext>(
        this DbContextOptionsBuilder<TContext> builder, Action<NpgsqlDbContextOptionsBuilder>? npgsql = null)
        where TContext : DbContext =>
        (DbContextOptionsBuilder<TContext>)UseTenantNpgsql((DbContextOptionsBuilder)builder, npgsql);
}
