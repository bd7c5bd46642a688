namespace HyperConn.Host.Commands;

/// <summary>One run of <c>exec</c> over many tenants, with a report that is kept up to date.</summary>
/// <param name="executor">Runs the SQL on one tenant.</param>
/// <param name="sql">The SQL, for the report.</param>
/// <param name="project">The project, for the report.</param>
/// <param name="parallelism">Tenants at once.</param>
/// <param name="dryRun">Whether all is rolled back.</param>
/// <param name="path">File of the report; null: none.</param>
internal sealed class ExecRun(TenantExecutor executor, string sql, string project, int parallelism, bool dryRun, string? path)
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _startedAt = DateTimeOffset.UtcNow;

    /// <summary>Runs it on the tenants, or on those of an earlier report that were not done; the report of all comes back, also when stopped.</summary>
    /// <returns>The report, and whether its file has it.</returns>
    /// <exception cref="CommandException">The report's file can't be written; nothing was run.</exception>
    public async Task<(ExecReport Report, bool Saved)> RunAsync(ExecReport? before, IReadOnlyList<TenantKey> tenants, CancellationToken stop)
    {
        // A dry run changed nothing, so nothing of it is done. What is unknown must be looked up by people before it is run again.
        var results = before is null
            ? tenants.Select(t => new ExecResult(t.Service, t.Org, ExecStatus.Pending)).ToArray()
            : [.. before.Tenants];
        var todo = Enumerable.Range(0, results.Length)
            .Where(i => before is null || (before.DryRun && results[i].Status == ExecStatus.Done) || results[i].Status is ExecStatus.Pending or ExecStatus.Failed)
            .ToList();
        if (await SaveAsync(results) is { } fault)
            throw new CommandException($"The report can't be written to '{path}', so nothing was run: {fault}");

        using var ended = new CancellationTokenSource();
        var saving = SaveNowAndThenAsync(results, ended.Token);
        try
        {
            await CommandOutput.WithProgressAsync("Running", todo.Count, done => Parallel.ForEachAsync(
                todo,
                new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = stop },
                async (i, token) =>
                {
                    var result = await executor.RunAsync(TenantKey.Create(results[i].Service, results[i].Org), token);
                    results[i] = result;
                    done(result.Status is ExecStatus.Done or ExecStatus.Absent);
                }));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The report says how far it came.
        }
        finally
        {
            await ended.CancelAsync();
            await saving;
            fault = await SaveAsync(results);
        }

        if (fault is not null)
            await Console.Error.WriteLineAsync($"The report can't be written to '{path}' any more; here it is: {fault}");
        return (Now(results), fault is null);
    }

    private ExecReport Now(ExecResult[] results) => ExecReport.Of(sql, project, _startedAt, DateTimeOffset.UtcNow, dryRun, [.. results]);

    private async Task SaveNowAndThenAsync(ExecResult[] results, CancellationToken ended)
    {
        if (path is null)
            return;
        while (!ended.IsCancellationRequested)
        {
            await Task.Delay(SaveEvery, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // A disk that is full now may not be at the end.
            if (!ended.IsCancellationRequested)
                await SaveAsync(results);
        }
    }

    /// <summary>Why it can't be saved; null: it is, or need not be.</summary>
    private async Task<string?> SaveAsync(ExecResult[] results)
    {
        if (path is null)
            return null;
        try
        {
            await Now(results).SaveAsync(path);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }
}
