using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace HyperConn.EntityFrameworkCore.Migrations;

/// <summary>Where a tenant is, and what is between that and the target.</summary>
internal sealed class MigrationPlan
{
    private readonly DbContext _context;
    private readonly string? _target;
    private readonly string[] _known;
    private readonly IHistoryRepository _history;

    /// <exception cref="InvalidOperationException">The assembly has no migrations, or none of that name.</exception>
    public MigrationPlan(DbContext context, string? target)
    {
        (_context, _target) = (context, target);
        _history = context.GetService<IHistoryRepository>();
        var assembly = context.GetService<IMigrationsAssembly>();
        _known = [.. assembly.Migrations.Keys];
        if (_known.Length == 0)
        {
            throw new InvalidOperationException(
                $"'{assembly.Assembly.GetName().Name}' has no migrations of {context.GetType().Name}. Add one (dotnet ef migrations add), or name the "
                + "assembly that has them with MigrationsAssembly(…).");
        }

        if (target is not null && target != Migration.InitialDatabase)
            _target = assembly.GetMigrationId(target);
    }

    public async Task<Position> ReadAsync(CancellationToken cancellationToken)
    {
        var rows = await _history.GetAppliedMigrationsAsync(cancellationToken).ConfigureAwait(false);
        var applied = rows.Select(row => row.MigrationId).ToHashSet(StringComparer.OrdinalIgnoreCase);
        string[] wanted = _target switch
        {
            null => _known,
            Migration.InitialDatabase => [],
            _ => [.. _known.TakeWhile(id => string.Compare(id, _target, StringComparison.OrdinalIgnoreCase) <= 0)],
        };
        return new Position(
            [.. _known.Where(applied.Contains)],
            [.. wanted.Where(id => !applied.Contains(id))],
            [.. _known.Except(wanted).Where(applied.Contains).Reverse()]);
    }

    /// <summary>The SQL from there to the target.</summary>
    public string Script(Position there)
    {
        var migrator = _context.GetService<IMigrator>();

        // A gap: what is missing lies before what is there. The script then asks for each migration whether it is applied.
        var isGapped = there.Applied.Length > 0 && there.ToApply.Length > 0
            && string.Compare(there.ToApply[0], there.Applied[^1], StringComparison.OrdinalIgnoreCase) < 0;
        return isGapped
            ? migrator.GenerateScript(null, _target, MigrationsSqlGenerationOptions.Idempotent)
            : migrator.GenerateScript(there.Applied.LastOrDefault(), _target);
    }

    /// <summary>What a tenant has and lacks.</summary>
    internal sealed record Position(string[] Applied, string[] ToApply, string[] ToRevert)
    {
        public bool IsThere => ToApply.Length + ToRevert.Length == 0;
    }
}
