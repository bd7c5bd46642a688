using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql.EntityFrameworkCore.PostgreSQL.Storage.Internal;

namespace HyperConn.EntityFrameworkCore.Provider;

/// <summary>Makes tables in a tenant's database, which is there already: its secret names it.</summary>
internal sealed class TenantDatabaseCreator(
    RelationalDatabaseCreatorDependencies dependencies, INpgsqlRelationalConnection connection, IRawSqlCommandBuilder commands)
    : NpgsqlDatabaseCreator(dependencies, connection, commands)
{
    private const string CreateElsewhere =
        "A tenant's database is not created or dropped by its own role. Create the database and the role beside HyperConn, with an administrator's "
        + "role, and store the secret (ITenantPools.StoreSecretAsync); EnsureCreated and Migrate then make the tables in it.";

    private readonly INpgsqlRelationalConnection _connection = connection;
    private readonly IRawSqlCommandBuilder _commands = commands;
    private HyperConnException? _missing;

    public override void Create() => throw Elsewhere();

    public override Task CreateAsync(CancellationToken cancellationToken = default) => throw Elsewhere();

    public override void Delete() => throw Elsewhere();

    public override Task DeleteAsync(CancellationToken cancellationToken = default) => throw Elsewhere();

    public override bool Exists()
    {
        try
        {
            return base.Exists();
        }
        catch (HyperConnException missing) when (IsNotThere(missing))
        {
            return false;
        }
    }

    public override async Task<bool> ExistsAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await base.ExistsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (HyperConnException missing) when (IsNotThere(missing))
        {
            return false;
        }
    }

    /// <summary>Whether there are tables where those of the model would go. Several tenants may share a database, each with a schema of its own, so
    /// the database as a whole says nothing.</summary>
    public override bool HasTables() => Dependencies.ExecutionStrategy.Execute(
        this, static creator => (bool)creator.TablesQuery().ExecuteScalar(creator.Parameters())!);

    /// <inheritdoc cref="HasTables"/>
    public override Task<bool> HasTablesAsync(CancellationToken cancellationToken = default) => Dependencies.ExecutionStrategy.ExecuteAsync(
        this,
        static async (creator, stop) => (bool)(await creator.TablesQuery().ExecuteScalarAsync(creator.Parameters(), stop).ConfigureAwait(false))!,
        cancellationToken);

    public override void CreateTables()
    {
        base.CreateTables();
        TenantTypes.ReloadIfNeeded(DesignTimeModel, _connection);
    }

    public override async Task CreateTablesAsync(CancellationToken cancellationToken = default)
    {
        await base.CreateTablesAsync(cancellationToken).ConfigureAwait(false);
        await TenantTypes.ReloadIfNeededAsync(DesignTimeModel, _connection, cancellationToken).ConfigureAwait(false);
    }

    private IModel DesignTimeModel => Dependencies.CurrentContext.Context.GetService<IDesignTimeModel>().Model;

    // A failure that is remembered has no answer of the server's any more, so the code must do.
    private bool IsNotThere(HyperConnException failure)
    {
        if (failure.Code != HyperConnErrorCode.DatabaseUnavailable)
            return false;
        _missing = failure;
        return true;
    }

    private NotSupportedException Elsewhere() =>
        _missing is { } missing ? new NotSupportedException($"{CreateElsewhere} {missing.Message}", missing) : new NotSupportedException(CreateElsewhere);

    private IRelationalCommand TablesQuery()
    {
        var schemas = DesignTimeModel.GetRelationalModel().Tables
            .Select(table => table.Schema is { } schema ? $"'{schema.Replace("'", "''", StringComparison.Ordinal)}'" : "current_schema()")
            .DefaultIfEmpty("current_schema()")
            .Distinct();
        return _commands.Build(
            $"""
            SELECT EXISTS (
                SELECT FROM pg_class AS cls
                JOIN pg_namespace AS ns ON ns.oid = cls.relnamespace
                WHERE ns.nspname IN ({string.Join(", ", schemas)}) AND cls.relkind IN ('r', 'v', 'm', 'f', 'p')
                    -- What belongs to an extension was not made for the model.
                    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = cls.oid AND deptype IN ('e', 'x')))
            """);
    }

    private RelationalCommandParameterObject Parameters() =>
        new(_connection, null, null, Dependencies.CurrentContext.Context, Dependencies.CommandLogger, CommandSource.Migrations);
}
