using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure.Internal;

namespace HyperConn.EntityFrameworkCore.Contexts;

/// <summary>
/// Gives each tenant's data source what a context's options say of it: <c>MapEnum</c>, plug-ins such as <c>UseNodaTime</c>, and <c>ConfigureDataSource</c>.
/// The provider does so for the data sources that it makes itself.
/// </summary>
internal sealed class TenantDataSourceTypes<TContext>(IServiceProvider services) : IPostConfigureOptions<HyperConnOptions>
    where TContext : DbContext
{
    // Only when the first data source is made: a context's options may be built with services that need HyperConn.
    private readonly Lazy<Action<NpgsqlDataSourceBuilder>> _configure = new(() => Read(services.GetRequiredService<DbContextOptions<TContext>>()));

    public void PostConfigure(string? name, HyperConnOptions options)
    {
        var others = options.Connections.ConfigureDataSource;
        options.Connections.ConfigureDataSource = (tenant, builder) =>
        {
            _configure.Value(builder);
            others?.Invoke(tenant, builder);
        };
    }

    private static Action<NpgsqlDataSourceBuilder> Read(DbContextOptions<TContext> options)
    {
        if (options.FindExtension<NpgsqlOptionsExtension>() is not { } npgsql)
            return _ => { };
        var plugins = Plugins(options);
        return builder =>
        {
            foreach (var type in npgsql.EnumDefinitions)
            {
                builder.MapEnum(
                    type.ClrType, type.StoreTypeSchema is { } schema ? $"{schema}.{type.StoreTypeName}" : type.StoreTypeName, type.NameTranslator);
            }

            foreach (var plugin in plugins)
                plugin.Configure(builder);
            npgsql.DataSourceBuilderAction?.Invoke(builder);
        };
    }

    private static INpgsqlDataSourceConfigurationPlugin[] Plugins(DbContextOptions<TContext> options)
    {
        var services = new ServiceCollection();
        foreach (var extension in options.Extensions)
            extension.ApplyServices(services);
        using var provider = services.BuildServiceProvider();
        return [.. provider.GetServices<INpgsqlDataSourceConfigurationPlugin>()];
    }
}
