using HyperConn.EntityFrameworkCore.Contexts;
using HyperConn.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace HyperConn.EntityFrameworkCore;

/// <summary>Runs Entity Framework Core's migrations over many tenants.</summary>
public static class TenantMigrationExtensions
{
    /// <summary>
    /// Migrates all or some tenants, several at once. One tenant's failure does not stop the rest; the report says what became of each.
    /// </summary>
    /// <remarks>
    /// <para>It may be run again, and by two processes at once: EF's migrations history says of each tenant what is done, and EF's lock lets one runner
    /// at a time at a tenant's migrations. A tenant that is where it should be costs one query.</para>
    /// <para>Cancelled, it returns rather than throws: tenants under way are rolled back, and pending in the report like those not reached.</para>
    /// </remarks>
    /// <typeparam name="TContext">Type of the context.</typeparam>
    /// <param name="factory">Makes the contexts.</param>
    /// <param name="options">What to do; null: the defaults.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <returns>A line for each tenant.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There are no migrations or none of the name asked for, or tenants can't be listed because the
    /// configuration names no services.</exception>
    /// <exception cref="HyperConnException">The store can't list the tenants.</exception>
    public static async Task<TenantMigrationReport> MigrateAllAsync<TContext>(
        this ITenantDbContextFactory<TContext> factory, MigrateAllOptions? options = null, CancellationToken cancellationToken = default)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(factory);
        options ??= new MigrateAllOptions();
        options.Validate();
        var made = factory as TenantDbContextFactory<TContext> ?? throw new ArgumentException(
            "Only the factory that AddTenantDbContext and its siblings register can migrate.", nameof(factory));
        var tenants = options.Tenants is { } some ? [.. some] : await ListAsync(made.Services, cancellationToken).ConfigureAwait(false);
        if (tenants.Count == 0)
            return new TenantMigrationReport([]);

        var run = new TenantMigrationRun(factory.CreateDbContext, options, options.Tenants is null);
        run.Check(tenants[0]);
        return await run.RunAsync(tenants, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<TenantKey>> ListAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var configured = services.GetRequiredService<IOptions<HyperConnOptions>>().Value.Services;
        if (configured.Count == 0)
            throw new InvalidOperationException("HyperConnOptions.Services is empty, so tenants can't be listed. Set it, or MigrateAllOptions.Tenants.");
        var orgs = await services.GetRequiredService<ITenantPools>().ListOrgIdsAsync(cancellationToken).ConfigureAwait(false);
        return [.. configured.SelectMany(service => orgs.Select(org => TenantKey.TryCreate(service, org, out var key) ? key : default)).Where(key => key != default)];
    }
}
