using System.Reflection;
using HyperConn.EntityFrameworkCore.Provider;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.EntityFrameworkCore.Contexts;

/// <summary>Makes contexts of a type that is known only when the program runs.</summary>
internal sealed class ContextMaker
{
    private readonly ITenantPools _pools;
    private readonly Func<DbContext> _make;

    private ContextMaker(ITenantPools pools, Func<DbContext> make) => (_pools, _make) = (pools, make);

    /// <summary>A maker of contexts: by the assembly's <see cref="IDesignTimeDbContextFactory{TContext}"/> if it has one, else with options of our own.</summary>
    /// <param name="context">Type of the context.</param>
    /// <param name="assembly">The assembly, which has the migrations.</param>
    /// <param name="services">The container of the manager.</param>
    /// <exception cref="InvalidOperationException">There is no public constructor that it could be made with.</exception>
    public static ContextMaker Of(Type context, Assembly assembly, IServiceProvider services)
    {
        var design = typeof(IDesignTimeDbContextFactory<>).MakeGenericType(context);
        var make = assembly.DefinedTypes.FirstOrDefault(type => !type.IsAbstract && design.IsAssignableFrom(type)) is { } factory
            ? typeof(ContextMaker).GetMethod(nameof(ByFactory), BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(context).Invoke(null, [Activator.CreateInstance(factory)])
            : typeof(ContextMaker).GetMethod(nameof(ByOptions), BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(context).Invoke(null, [assembly, services]);
        return new ContextMaker(services.GetRequiredService<ITenantPools>(), (Func<DbContext>)make!);
    }

    /// <summary>Makes a tenant's.</summary>
    /// <exception cref="InvalidOperationException">Its options name a connection, or another provider.</exception>
    public DbContext Create(TenantKey tenant)
    {
        var context = _make();
        try
        {
            ConnectionOf(context).Bind(tenant, _pools);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>The part of a context that knows its tenant.</summary>
    /// <exception cref="InvalidOperationException">The context has the connection of another provider.</exception>
    public static TenantRelationalConnection ConnectionOf(DbContext context) =>
        context.GetService<IRelationalConnection>() as TenantRelationalConnection ?? throw new InvalidOperationException(
            $"{context.GetType().Name} has the connection of another provider. Call UseTenantNpgsql() where its options are built, and leave the choice of "
            + "a database out of its OnConfiguring.");

    private static Func<DbContext> ByFactory<TContext>(IDesignTimeDbContextFactory<TContext> factory)
        where TContext : DbContext => () => factory.CreateDbContext([]);

    private static Func<DbContext> ByOptions<TContext>(Assembly assembly, IServiceProvider services)
        where TContext : DbContext
    {
        var builder = new DbContextOptionsBuilder<TContext>();
        builder.UseApplicationServiceProvider(services);
        builder.UseTenantNpgsql(npgsql => npgsql.MigrationsAssembly(assembly));
        var options = builder.Options;
        return () => ActivatorUtilities.CreateInstance<TContext>(services, options);
    }
}
