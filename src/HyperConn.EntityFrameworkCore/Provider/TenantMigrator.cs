using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Internal;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql.EntityFrameworkCore.PostgreSQL.Migrations.Internal;

namespace HyperConn.EntityFrameworkCore.Provider;

/// <summary>EF's migrator, which also says what it did: another runner may have been there first.</summary>
internal sealed class TenantMigrator(
    IMigrationsAssembly migrationsAssembly,
    IHistoryRepository historyRepository,
    IDatabaseCreator databaseCreator,
    IMigrationsSqlGenerator migrationsSqlGenerator,
    IRawSqlCommandBuilder rawSqlCommandBuilder,
    IMigrationCommandExecutor migrationCommandExecutor,
    IRelationalConnection connection,
    ISqlGenerationHelper sqlGenerationHelper,
    ICurrentDbContext currentContext,
    IModelRuntimeInitializer modelRuntimeInitializer,
    IDiagnosticsLogger<Microsoft.EntityFrameworkCore.DbLoggerCategory.Migrations> logger,
    IRelationalCommandDiagnosticsLogger commandLogger,
    IDatabaseProvider databaseProvider,
    IMigrationsModelDiffer migrationsModelDiffer,
    IDesignTimeModel designTimeModel,
    IDbContextOptions contextOptions,
    IExecutionStrategy executionStrategy)
    : NpgsqlMigrator(
        migrationsAssembly, historyRepository, databaseCreator, migrationsSqlGenerator, rawSqlCommandBuilder, migrationCommandExecutor, connection,
        sqlGenerationHelper, currentContext, modelRuntimeInitializer, logger, commandLogger, databaseProvider, migrationsModelDiffer, designTimeModel,
        contextOptions, executionStrategy)
{
    private readonly IRelationalConnection _connection = connection;
    private readonly IDesignTimeModel _designTimeModel = designTimeModel;
    private readonly List<string> _applied = [];
    private readonly List<string> _reverted = [];

    /// <summary>Migrations that the last run applied.</summary>
    public IReadOnlyList<string> Applied => _applied;

    /// <summary>Migrations that the last run reverted.</summary>
    public IReadOnlyList<string> Reverted => _reverted;

    /// <summary>The migration that the last run came to last: where it failed, the one it failed at.</summary>
    public string? Last { get; private set; }

    private IModel Model => _designTimeModel.Model;

    public override void Migrate(string? targetMigration)
    {
        Begin();
        base.Migrate(targetMigration);
        TenantTypes.ReloadIfNeeded(Model, _connection);
    }

    public override async Task MigrateAsync(string? targetMigration, CancellationToken cancellationToken = default)
    {
        Begin();
        await base.MigrateAsync(targetMigration, cancellationToken).ConfigureAwait(false);
        await TenantTypes.ReloadIfNeededAsync(Model, _connection, cancellationToken).ConfigureAwait(false);
    }

    protected override IReadOnlyList<MigrationCommand> GenerateUpSql(
        Migration migration, MigrationsSqlGenerationOptions options = MigrationsSqlGenerationOptions.Default)
    {
        Note(_applied, migration);
        return base.GenerateUpSql(migration, options);
    }

    protected override IReadOnlyList<MigrationCommand> GenerateDownSql(
        Migration migration, Migration? previousMigration, MigrationsSqlGenerationOptions options = MigrationsSqlGenerationOptions.Default)
    {
        Note(_reverted, migration);
        return base.GenerateDownSql(migration, previousMigration, options);
    }

    private void Begin()
    {
        _applied.Clear();
        _reverted.Clear();
        Last = null;
    }

    // EF's execution strategy may go over them more than once.
    private void Note(List<string> ids, Migration migration)
    {
        Last = migration.GetId();
        if (!ids.Contains(Last))
            ids.Add(Last);
    }
}
