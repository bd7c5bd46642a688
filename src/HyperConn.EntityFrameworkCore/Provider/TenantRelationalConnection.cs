using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Transactions;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure.Internal;
using Npgsql.EntityFrameworkCore.PostgreSQL.Storage.Internal;

namespace HyperConn.EntityFrameworkCore.Provider;

/// <summary>
/// The connection of one context. Nothing of a tenant is in the context's options, so all tenants share one service provider of EF's and one model;
/// whose connection it is, a context is told when it is made, or when it leaves EF's pool.
/// </summary>
internal sealed class TenantRelationalConnection : NpgsqlRelationalConnection
{
    private readonly IDbContextOptions _options;
    private ITenantPools? _pools;
    private ITenantAccessor? _accessor;
    private TenantKey? _tenant;
    private TenantConnection? _made;

    public TenantRelationalConnection(RelationalConnectionDependencies dependencies, IDbContextOptions options)
        : base(dependencies, dataSource: null) => _options = options;

    /// <summary>The tenant.</summary>
    /// <exception cref="InvalidOperationException">The context has none.</exception>
    public TenantKey Tenant => _tenant ??= _accessor is { } scope ? scope.Required : throw new InvalidOperationException(
        $"This {ContextName} has no tenant, or was given back to its pool. Get it from a scope whose ITenantAccessor.Tenant is set, or from "
        + $"ITenantDbContextFactory<{ContextName}>.CreateDbContext(tenant).");

    /// <summary>The manager of this context's host.</summary>
    public ITenantPools Pools => _pools ??= ApplicationServices?.GetService<ITenantPools>() ?? throw new InvalidOperationException(
        $"{ContextName} was made without the container that has HyperConn. Register it with AddTenantDbContext or AddTenantDbContextFactory.");

    /// <summary>Npgsql's own connection, for the parts of the provider that ask for it.</summary>
    /// <exception cref="InvalidOperationException">It is not open.</exception>
    [AllowNull]
    public override NpgsqlConnection DbConnection
    {
        get => Current.Npgsql;
        set => SetDbConnection(value, contextOwnsConnection: false);
    }

    /// <summary>The connection string without its password.</summary>
    public override string? ConnectionString
    {
        get => base.ConnectionString;
        set => throw TenantsOwn();
    }

    public override DbDataSource? DbDataSource
    {
        get => null;
        set => throw TenantsOwn();
    }

    /// <summary>Asked at every opening. Whether the tenant's connection string says no to it is read only where there is one.</summary>
    public override Transaction? CurrentAmbientTransaction => Transaction.Current is null ? null : base.CurrentAmbientTransaction;

    private TenantConnection Current => (TenantConnection)((IRelationalConnection)this).DbConnection;

    private IServiceProvider? ApplicationServices => _options.FindExtension<CoreOptionsExtension>()?.ApplicationServiceProvider;

    private string ContextName => Dependencies.CurrentContext.Context.GetType().Name;

    /// <summary>Makes the context one tenant's.</summary>
    /// <exception cref="InvalidOperationException">The context's options name a connection.</exception>
    public void Bind(TenantKey tenant)
    {
        Release(tenant);
        (_tenant, _accessor) = (tenant, null);
    }

    /// <summary>Makes the context one tenant's of a manager that its options don't know.</summary>
    /// <inheritdoc cref="Bind(TenantKey)"/>
    public void Bind(TenantKey tenant, ITenantPools pools)
    {
        Bind(tenant);
        _pools = pools;
    }

    /// <summary>Makes the context that of the scope's tenant, who may be told to it later, but before the first query.</summary>
    /// <inheritdoc cref="Bind(TenantKey)"/>
    public void Bind(ITenantAccessor accessor)
    {
        Release(accessor.Tenant);
        (_tenant, _accessor) = (null, accessor);
    }

    public override void SetDbConnection(DbConnection? value, bool contextOwnsConnection)
    {
        // Two contexts of a tenant may share a connection, and so a transaction.
        if (value is not null && (value as TenantConnection)?.Tenant != Tenant)
            throw TenantsOwn();
        base.SetDbConnection(value, contextOwnsConnection);
    }

    public override INpgsqlRelationalConnection CreateAdminConnection() => throw new NotSupportedException(
        "A tenant's role has no connection to another database. Create and drop tenants' databases beside HyperConn, with an administrator's role.");

    public override ValueTask<INpgsqlRelationalConnection> CloneWith(string connectionString, bool async, CancellationToken cancellationToken = default) =>
        throw TenantsOwn();

    protected override DbConnection CreateDbConnection() => _made = Pools.CreateConnection(Tenant);

    protected override void OpenDbConnection(bool errorsExpected)
    {
        EnsureOwn();
        base.OpenDbConnection(errorsExpected);
    }

    protected override Task OpenDbConnectionAsync(bool errorsExpected, CancellationToken cancellationToken)
    {
        EnsureOwn();
        return base.OpenDbConnectionAsync(errorsExpected, cancellationToken);
    }

    protected override void ResetState(bool disposeDbConnection)
    {
        base.ResetState(disposeDbConnection);
        Forget(disposeDbConnection);
    }

    protected override async ValueTask ResetStateAsync(bool disposeDbConnection)
    {
        await base.ResetStateAsync(disposeDbConnection).ConfigureAwait(false);

        // EF's own leaves the count of openings as it is: what opened the connection and didn't close it would keep it open for the next.
        if (!disposeDbConnection)
            base.ResetState(disposeDbConnection: false);
        Forget(disposeDbConnection);
    }

    private void Forget(bool disposed)
    {
        (_tenant, _accessor) = (null, null);
        if (disposed)
            _made = null;
    }

    /// <summary>Lets go of a connection that EF kept for the context's next use, unless it is the tenant's.</summary>
    private void Release(TenantKey? tenant)
    {
        if (_options.FindExtension<NpgsqlOptionsExtension>() is { } npgsql
            && (npgsql.ConnectionString is not null || npgsql.Connection is not null || npgsql.DataSource is not null))
        {
            throw new InvalidOperationException(
                $"The options of {ContextName} name a connection, and a tenant's comes from its secret. Call UseTenantNpgsql() instead of UseNpgsql(…), "
                + "or UseNpgsql without a connection string, connection or data source; look into OnConfiguring, too.");
        }

        if (_made is { } made && made.Tenant == tenant && made.State == ConnectionState.Closed)
            return;
        base.SetDbConnection(null, contextOwnsConnection: true);
        _made = null;
    }

    /// <summary>An interceptor may have put another connection in place.</summary>
    private void EnsureOwn()
    {
        if ((((IRelationalConnection)this).DbConnection as TenantConnection)?.Tenant != Tenant)
            throw TenantsOwn();
    }

    private NotSupportedException TenantsOwn() => new(
        $"The connection of {ContextName} is its tenant's and can't be replaced by another one than a {nameof(TenantConnection)} of the same tenant.");
}
