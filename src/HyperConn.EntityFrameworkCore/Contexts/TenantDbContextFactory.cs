using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.EntityFrameworkCore.Contexts;

/// <summary>Makes contexts, or takes them from EF's pool, and tells them whose they are.</summary>
internal sealed class TenantDbContextFactory<TContext> : ITenantDbContextFactory<TContext>
    where TContext : DbContext
{
    private static readonly ObjectFactory<TContext> Make = ActivatorUtilities.CreateFactory<TContext>([]);

    private readonly IServiceProvider _services;
    private readonly PooledDbContextFactory<TContext>? _pool;

    public TenantDbContextFactory(IServiceProvider services, DbContextOptions<TContext> options, int? poolSize)
    {
        _services = services;
        if (poolSize is not { } size)
            return;

        // Contexts of a pool are made from options alone, which must say that there is one.
        var core = (options.FindExtension<CoreOptionsExtension>() ?? new CoreOptionsExtension()).WithMaxPoolSize(size);
        var pooled = options.WithExtension(core);
        _pool = new PooledDbContextFactory<TContext>(new TenantDbContextPool<TContext>(
            () => ActivatorUtilities.CreateInstance<TContext>(services, pooled), size));
    }

    /// <summary>The container.</summary>
    public IServiceProvider Services => _services;

    public TContext CreateDbContext(TenantKey tenant)
    {
        if (tenant == default)
            throw new ArgumentException("default(TenantKey) is no tenant. Make one with TenantKey.Create.", nameof(tenant));
        var context = Create(_services);
        try
        {
            ContextMaker.ConnectionOf(context).Bind(tenant);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    public ValueTask<TContext> CreateDbContextAsync(TenantKey tenant, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask<TContext>(CreateDbContext(tenant));
    }

    /// <summary>Makes the context of a scope.</summary>
    public TContext CreateDbContext(IServiceProvider scope)
    {
        var context = Create(scope);
        try
        {
            ContextMaker.ConnectionOf(context).Bind(scope.GetRequiredService<ITenantAccessor>());
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    private TContext Create(IServiceProvider services) => _pool is null ? Make(services, null) : _pool.CreateDbContext();
}
