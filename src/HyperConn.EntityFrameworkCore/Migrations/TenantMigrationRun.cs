using System.Diagnostics;
using HyperConn.EntityFrameworkCore.Provider;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace HyperConn.EntityFrameworkCore.Migrations;

/// <summary>One run of migrations over many tenants.</summary>
/// <param name="create">Makes a context of a tenant.</param>
/// <param name="options">What is asked for.</param>
/// <param name="wereListed">Whether the tenants were listed from the store: an organisation may not have every service.</param>
internal sealed class TenantMigrationRun(Func<TenantKey, DbContext> create, MigrateAllOptions options, bool wereListed)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private int _done;
    private int _failed;

    /// <summary>Says once what would be wrong for every tenant.</summary>
    /// <exception cref="InvalidOperationException">There are no migrations, or none of the name asked for.</exception>
    public void Check(TenantKey anyTenant)
    {
        using var context = create(anyTenant);
        _ = new MigrationPlan(context, options.TargetMigration);
    }

    /// <summary>Migrates the tenants. Cancelled, it returns what it knows: tenants under way are rolled back and pending, like those not reached.</summary>
    public async Task<TenantMigrationReport> RunAsync(IReadOnlyList<TenantKey> tenants, CancellationToken stop)
    {
        var results = tenants.Select(tenant => new TenantMigrationResult(tenant, TenantMigrationStatus.Pending)).ToArray();
        try
        {
            await Parallel.ForAsync(
                0,
                results.Length,
                new ParallelOptions { MaxDegreeOfParallelism = options.MaxParallelism, CancellationToken = stop },
                async (at, token) =>
                {
                    results[at] = await MigrateAsync(tenants[at], token).ConfigureAwait(false);
                    Report(results[at], results.Length);
                }).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The report says how far it came.
        }

        return new TenantMigrationReport(results);
    }

    private void Report(TenantMigrationResult result, int total)
    {
        var failed = result.Status == TenantMigrationStatus.Failed ? Interlocked.Increment(ref _failed) : Volatile.Read(ref _failed);
        options.Progress?.Report(new TenantMigrationProgress(result, Interlocked.Increment(ref _done), failed, total));
    }

    private async Task<TenantMigrationResult> MigrateAsync(TenantKey tenant, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(options.TenantTimeout);
        for (var attempt = 1; ; attempt++)
        {
            TenantMigrationResult result;
            try
            {
                result = await TryAsync(tenant, deadline.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (!stop.IsCancellationRequested)
            {
                if (attempt <= options.Retries && MigrationFaults.MayPass(exception) && await PauseAsync(attempt, deadline.Token).ConfigureAwait(false))
                    continue;
                result = Failed(tenant, exception, deadline.IsCancellationRequested);
            }

            return result with { Attempts = attempt, Elapsed = Stopwatch.GetElapsedTime(started) };
        }
    }

    private async Task<TenantMigrationResult> TryAsync(TenantKey tenant, CancellationToken stop)
    {
        var context = create(tenant);
        await using (context.ConfigureAwait(false))
        {
            context.Database.SetCommandTimeout(options.TenantTimeout);
            var plan = new MigrationPlan(context, options.TargetMigration);

            // Read without EF's lock: most tenants of most runs are where they should be.
            var there = await plan.ReadAsync(stop).ConfigureAwait(false);
            if (there.IsThere)
                return new TenantMigrationResult(tenant, TenantMigrationStatus.UpToDate);
            if (options.DryRun)
            {
                return new TenantMigrationResult(tenant, TenantMigrationStatus.Scripted)
                {
                    Applied = there.ToApply,
                    Reverted = there.ToRevert,
                    Script = plan.Script(there),
                };
            }

            var migrator = (TenantMigrator)context.GetService<IMigrator>();
            try
            {
                await migrator.MigrateAsync(options.TargetMigration, stop).ConfigureAwait(false);
            }
            catch (Exception) when (migrator.Last is not null && !stop.IsCancellationRequested)
            {
                if (!await IsDoneByAnotherAsync(tenant, migrator.Last, stop).ConfigureAwait(false))
                    throw;
                var rest = await TryAsync(tenant, stop).ConfigureAwait(false);
                string[] failed = [migrator.Last];
                return Done(tenant, [.. migrator.Applied.Except(failed), .. rest.Applied], [.. migrator.Reverted.Except(failed), .. rest.Reverted]);
            }

            return Done(tenant, [.. migrator.Applied], [.. migrator.Reverted]);
        }
    }

    private static TenantMigrationResult Done(TenantKey tenant, string[] applied, string[] reverted) =>
        new(tenant, applied.Length + reverted.Length > 0 ? TenantMigrationStatus.Migrated : TenantMigrationStatus.UpToDate)
        {
            Applied = applied,
            Reverted = reverted,
        };

    /// <summary>
    /// Whether a migration that failed here is done all the same. EF's lock ends with the transaction of each migration, and EF does not read the history again between two of
    /// them: a runner beside this one may have gone on there.
    /// </summary>
    private async Task<bool> IsDoneByAnotherAsync(TenantKey tenant, string migration, CancellationToken stop)
    {
        var context = create(tenant);
        await using (context.ConfigureAwait(false))
        {
            try
            {
                var now = await new MigrationPlan(context, options.TargetMigration).ReadAsync(stop).ConfigureAwait(false);
                return !now.ToApply.Contains(migration) && !now.ToRevert.Contains(migration);
            }
            catch (Exception)
            {
                // What failed first says more.
                return false;
            }
        }
    }

    private TenantMigrationResult Failed(TenantKey tenant, Exception exception, bool isLate)
    {
        if (wereListed && exception is HyperConnException { Code: HyperConnErrorCode.KeyNotFound })
            return new TenantMigrationResult(tenant, TenantMigrationStatus.Absent);
        var (code, message) = isLate
            ? (MigrationFaults.Timeout, $"It was not done within {options.TenantTimeout}; what EF does in a transaction was rolled back.")
            : MigrationFaults.Describe(exception);
        return new TenantMigrationResult(tenant, TenantMigrationStatus.Failed) { Code = code, Message = message };
    }

    /// <summary>Waits before another try; false: no time is left for one.</summary>
    private static async Task<bool> PauseAsync(int attempt, CancellationToken deadline)
    {
        // Spread out, so that those that were in each other's way don't meet again.
        var pause = FirstPause * Math.Pow(2, attempt - 1) * (0.5 + Random.Shared.NextDouble());
        await Task.Delay(pause < LongestPause ? pause : LongestPause, deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !deadline.IsCancellationRequested;
    }
}
