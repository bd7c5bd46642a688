using System.Diagnostics.CodeAnalysis;
using HyperConn;
using HyperConn.EntityFrameworkCore;
using HyperConn.EntityFrameworkCore.Contexts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;

// Where users of a container look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers contexts of Entity Framework Core that work on tenants' databases.</summary>
/// <remarks>
/// <para>Each context has one tenant. Its connections are leases: they wait for the server's budget, end when EF closes them, and are opened with the
/// tenant's present credentials. All tenants share one service provider of EF's and one model.</para>
/// <para>Options are built once, with the root of the container, as by EF's <c>AddDbContextFactory</c>: what <c>options</c> resolves must be a
/// singleton. <c>MapEnum</c>, <c>ConfigureDataSource</c> and plug-ins such as <c>UseNodaTime</c> hold for the tenants' data sources, too.</para>
/// <para>Call <c>AddHyperConn</c> as well, before or after.</para>
/// </remarks>
public static class TenantDbContextServiceCollectionExtensions
{
    private const DynamicallyAccessedMemberTypes Needed =
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.NonPublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties;

    // EF's own default.
    private const int PoolSize = 1024;

    /// <summary>
    /// Adds a context of the scope's tenant (<see cref="ITenantAccessor"/>) and an <see cref="ITenantDbContextFactory{TContext}"/>. The tenant may be set
    /// after the context was resolved; one that is used before throws <see cref="InvalidOperationException"/>.
    /// </summary>
    /// <typeparam name="TContext">Type of the context; its constructor takes <c>DbContextOptions&lt;TContext&gt;</c> and, for the scoped one, any services.</typeparam>
    /// <param name="services">The container.</param>
    /// <param name="npgsql">Settings of the provider, such as <c>EnableRetryOnFailure</c> or <c>MapEnum</c>.</param>
    /// <param name="options">Other settings of EF. It names no database.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddTenantDbContext<[DynamicallyAccessedMembers(Needed)] TContext>(
        this IServiceCollection services,
        Action<NpgsqlDbContextOptionsBuilder>? npgsql = null,
        Action<IServiceProvider, DbContextOptionsBuilder>? options = null)
        where TContext : DbContext => services.Add<TContext>(npgsql, options, poolSize: null, scoped: true);

    /// <summary>As <see cref="AddTenantDbContext{TContext}"/>, with contexts that are used again, for any tenant: nothing of one tenant is left in them
    /// for the next.</summary>
    /// <typeparam name="TContext">Type of the context; its only constructor takes <c>DbContextOptions&lt;TContext&gt;</c>.</typeparam>
    /// <param name="services">The container.</param>
    /// <param name="npgsql">Settings of the provider.</param>
    /// <param name="options">Other settings of EF. It names no database.</param>
    /// <param name="poolSize">Most contexts kept; 1 or more. They are objects, not connections.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddTenantDbContextPool<[DynamicallyAccessedMembers(Needed)] TContext>(
        this IServiceCollection services,
        Action<NpgsqlDbContextOptionsBuilder>? npgsql = null,
        Action<IServiceProvider, DbContextOptionsBuilder>? options = null,
        int poolSize = PoolSize)
        where TContext : DbContext => services.Add<TContext>(npgsql, options, poolSize, scoped: true);

    /// <summary>Adds only an <see cref="ITenantDbContextFactory{TContext}"/>, for code that names its tenants itself.</summary>
    /// <typeparam name="TContext">Type of the context.</typeparam>
    /// <param name="services">The container.</param>
    /// <param name="npgsql">Settings of the provider.</param>
    /// <param name="options">Other settings of EF. It names no database.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddTenantDbContextFactory<[DynamicallyAccessedMembers(Needed)] TContext>(
        this IServiceCollection services,
        Action<NpgsqlDbContextOptionsBuilder>? npgsql = null,
        Action<IServiceProvider, DbContextOptionsBuilder>? options = null)
        where TContext : DbContext => services.Add<TContext>(npgsql, options, poolSize: null, scoped: false);

    /// <summary>As <see cref="AddTenantDbContextFactory{TContext}"/>, with contexts that are used again, for any tenant.</summary>
    /// <typeparam name="TContext">Type of the context; its only constructor takes <c>DbContextOptions&lt;TContext&gt;</c>.</typeparam>
    /// <param name="services">The container.</param>
    /// <param name="npgsql">Settings of the provider.</param>
    /// <param name="options">Other settings of EF. It names no database.</param>
    /// <param name="poolSize">Most contexts kept; 1 or more. They are objects, not connections.</param>
    /// <returns>The container.</returns>
    public static IServiceCollection AddPooledTenantDbContextFactory<[DynamicallyAccessedMembers(Needed)] TContext>(
        this IServiceCollection services,
        Action<NpgsqlDbContextOptionsBuilder>? npgsql = null,
        Action<IServiceProvider, DbContextOptionsBuilder>? options = null,
        int poolSize = PoolSize)
        where TContext : DbContext => services.Add<TContext>(npgsql, options, poolSize, scoped: false);

    private static IServiceCollection Add<[DynamicallyAccessedMembers(Needed)] TContext>(
        this IServiceCollection services,
        Action<NpgsqlDbContextOptionsBuilder>? npgsql,
        Action<IServiceProvider, DbContextOptionsBuilder>? options,
        int? poolSize,
        bool scoped)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(services);
        if (poolSize is { } size)
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(poolSize));
        if (services.Any(service => service.ServiceType == typeof(DbContextOptions<TContext>)))
            throw new InvalidOperationException($"{typeof(TContext).Name} is registered already. Register each type of context once.");
        services.AddSingleton(provider => Build<TContext>(provider, npgsql, options));

        // The tools of EF find a project's contexts by it.
        services.AddSingleton<DbContextOptions>(provider => provider.GetRequiredService<DbContextOptions<TContext>>());
        services.AddSingleton<IPostConfigureOptions<HyperConnOptions>>(provider => new TenantDataSourceTypes<TContext>(provider));
        services.AddSingleton(provider => new TenantDbContextFactory<TContext>(
            provider, provider.GetRequiredService<DbContextOptions<TContext>>(), poolSize));
        services.AddSingleton<ITenantDbContextFactory<TContext>>(provider => provider.GetRequiredService<TenantDbContextFactory<TContext>>());
        if (scoped)
            services.TryAddScoped(provider => provider.GetRequiredService<TenantDbContextFactory<TContext>>().CreateDbContext(provider));
        return services;
    }

    private static DbContextOptions<TContext> Build<TContext>(
        IServiceProvider provider, Action<NpgsqlDbContextOptionsBuilder>? npgsql, Action<IServiceProvider, DbContextOptionsBuilder>? options)
        where TContext : DbContext
    {
        var builder = new DbContextOptionsBuilder<TContext>();
        builder.UseApplicationServiceProvider(provider);

        // What ConfigureDbContext<TContext> added.
        foreach (var more in provider.GetServices<IDbContextOptionsConfiguration<TContext>>())
            more.Configure(provider, builder);
        options?.Invoke(provider, builder);
        builder.UseTenantNpgsql(npgsql);
        return builder.Options;
    }
}
