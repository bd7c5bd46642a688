using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql.EntityFrameworkCore.PostgreSQL.Storage.Internal;
using Npgsql.EntityFrameworkCore.PostgreSQL.ValueGeneration.Internal;

namespace HyperConn.EntityFrameworkCore.Provider;

/// <summary>Puts the parts for tenants in place of the provider's. It carries nothing, so that all contexts with it have one service provider.</summary>
internal sealed class TenantOptionsExtension : IDbContextOptionsExtension
{
    private DbContextOptionsExtensionInfo? _info;

    public DbContextOptionsExtensionInfo Info => _info ??= new ExtensionInfo(this);

    public void ApplyServices(IServiceCollection services)
    {
        services.Replace(ServiceDescriptor.Scoped<INpgsqlRelationalConnection, TenantRelationalConnection>());
        services.Replace(ServiceDescriptor.Scoped<IRelationalDatabaseCreator, TenantDatabaseCreator>());
        services.Replace(ServiceDescriptor.Scoped<IMigrator, TenantMigrator>());
        services.Replace(ServiceDescriptor.Singleton<INpgsqlValueGeneratorCache, TenantValueGeneratorCache>());
    }

    public void Validate(IDbContextOptions options)
    {
        // A context is asked when it gets its tenant: EF asks here only the first of those that share a service provider.
    }

    private sealed class ExtensionInfo(IDbContextOptionsExtension extension) : DbContextOptionsExtensionInfo(extension)
    {
        public override bool IsDatabaseProvider => false;

        public override string LogFragment => "using HyperConn ";

        public override int GetServiceProviderHashCode() => 0;

        public override bool ShouldUseSameServiceProvider(DbContextOptionsExtensionInfo other) => other is ExtensionInfo;

        public override void PopulateDebugInfo(IDictionary<string, string> debugInfo) => debugInfo["HyperConn"] = "1";
    }
}
