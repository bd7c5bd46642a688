using Microsoft.EntityFrameworkCore;

namespace HyperConn.EntityFrameworkCore;

/// <summary>Makes contexts of any tenant, for code that works for more than one: workers, administration, migrations. Safe for concurrent use.</summary>
/// <remarks>Registered by <c>AddTenantDbContext</c>, <c>AddTenantDbContextPool</c>, <c>AddTenantDbContextFactory</c> and
/// <c>AddPooledTenantDbContextFactory</c>.</remarks>
/// <typeparam name="TContext">Type of the context.</typeparam>
public interface ITenantDbContextFactory<TContext>
    where TContext : DbContext
{
    /// <summary>Makes a context of a tenant. Dispose it. Nothing is looked up or opened before its first query.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <returns>The context.</returns>
    /// <exception cref="ArgumentException"><paramref name="tenant"/> is <c>default</c>.</exception>
    /// <exception cref="InvalidOperationException">The context's options name a connection of their own.</exception>
    TContext CreateDbContext(TenantKey tenant);

    /// <inheritdoc cref="CreateDbContext"/>
    /// <param name="tenant">The tenant.</param>
    /// <param name="cancellationToken">Not waited with: making a context takes no I/O.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled already.</exception>
    ValueTask<TContext> CreateDbContextAsync(TenantKey tenant, CancellationToken cancellationToken = default);
}
